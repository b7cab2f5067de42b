import { once } from 'node:events';
import { type AddressInfo, createServer as createPort, type Server } from 'node:net';
import { readRules } from '@headwater/guard';
import { HookServer } from '@headwater/testing/hook-server';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { startMember } from '../../testing/test-member.js';

let hook: HookServer;
beforeEach(async () => {
  hook = await HookServer.start();
});
afterEach(() => hook.stop());

const actions = () => hook.of('/').map(({ action }) => action);

function rules() {
  const url = hook.url('/');
  return readRules([{ hook: { on_connect: url, on_close: url } }]).rules;
}

const portOf = (server: { address: Server['address'] }) => (server.address() as AddressInfo).port;

/** A client that plays, and was asked about. */
async function player(port: number): Promise<RawRtmpClient> {
  const client = await RawRtmpClient.connected(port);
  client.play('s1');
  await client.status('NetStream.Play.Start');
  return client;
}

// What hooks wait to be told of by the time that the media has stopped they are told, and nothing else.
describe('a listener that has stopped', () => {
  it('has told the end of every connection', async () => {
    const member = await startMember('a', {}, new MemoryMesh(), { play: rules() });
    await player(member.rtmpPort);
    await member.stop();
    expect(actions()).toEqual(['on_connect', 'on_close']);
  });

  it('has told it also where it took no connections any more, as in a drain', async () => {
    const member = await startMember('a', {}, new MemoryMesh(), { play: rules() });
    await player(member.rtmpPort);
    member.media.pauseRtmp();
    await member.stop();
    expect(actions()).toEqual(['on_connect', 'on_close']);
  });

  it('has told it of connections that were handed to it, and closes those that still come', async () => {
    const member = await startMember('a', { ports: 'handed' }, new MemoryMesh(), { play: rules() });
    const port = createPort((socket) => member.media.take('rtmp', socket)).listen(0, '127.0.0.1');
    await once(port, 'listening');
    await player(portOf(port));
    await Promise.all([member.media.stop(), member.stop()]);
    expect(actions()).toEqual(['on_connect', 'on_close']);
    const late = await RawRtmpClient.open(portOf(port));
    await late.closed();
    port.close();
  });
});
