import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { RtmpPublisher } from '@headwater/media';
import { awaitCondition } from '@headwater/testing/await-condition';
import { WebSocket } from 'ws';
import { REPOSITORY } from '../support/repository.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { Scope } from '../support/scope.js';
import { sampleFlv, sampleFrames } from './sample-stream.js';
import { RECORDED_STREAM } from './session.js';

const FILE = join(REPOSITORY, 'test/fuzz/recordings.json');

/** What an honest client sent, write by write. */
export interface Recording {
  readonly name: string;
  readonly port: 'rtmp' | 'http';
  readonly writes: readonly Buffer[];
}

interface Stored {
  readonly name: string;
  readonly port: 'rtmp' | 'http';
  readonly writes: readonly string[];
}

/** Kept in a file, for handshakes and masks are random: a seed must mean the same bytes on every machine. */
export function readRecordings(): readonly Recording[] {
  const stored = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Stored[];
  return stored.map(({ name, port, writes }) => ({
    name,
    port,
    writes: writes.map((text) => Buffer.from(text, 'base64')),
  }));
}

/** Has each of our clients publish or play on a member, and keeps what it said. */
export async function makeRecordings(ports: { readonly rtmp: number; readonly http: number }): Promise<void> {
  const path = `live/${RECORDED_STREAM}`;
  const frames = sampleFrames(12);
  const stored: Stored[] = [];
  const take = async (
    name: string,
    port: 'rtmp' | 'http',
    talk: (port: number, scope: Scope) => Promise<void>,
  ) => {
    const scope = new Scope();
    const recorder = await record(ports[port], scope);
    try {
      await talk(recorder.port, scope);
    } finally {
      await scope.close();
    }
    stored.push({ name, port, writes: recorder.writes.map((bytes) => bytes.toString('base64')) });
  };
  await take('rtmp-publish', 'rtmp', async (port) => {
    const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${port}/${path}`);
    for (const frame of frames) {
      publisher.send(frame);
      await publisher.drained();
    }
    await publisher.close();
  });
  const source = await RtmpPublisher.open(`rtmp://127.0.0.1:${ports.rtmp}/${path}`);
  for (const frame of frames) source.send(frame);
  await take('rtmp-play', 'rtmp', async (port, scope) => {
    const client = await RtmpClient.open(scope, port);
    await client.connect(`rtmp://127.0.0.1:${port}/live`);
    client.play(RECORDED_STREAM);
    await client.awaitMedia(3);
    client.command(0, 'deleteStream', 9, null, 1);
  });
  await take('rtmp-play-srs', 'rtmp', async (port, scope) => {
    const client = await RtmpClient.open(scope, port);
    await client.connect(`rtmp://127.0.0.1:${port}/live`, 'srs-edge');
    client.play(RECORDED_STREAM);
    await client.awaitMedia(3);
  });
  await take('http-play', 'http', async (port) => {
    const aborter = new AbortController();
    const response = await fetch(`http://127.0.0.1:${port}/${path}.flv`, { signal: aborter.signal });
    await response.body?.getReader().read();
    aborter.abort();
  });
  await take('ws-play', 'http', async (port, scope) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${path}.flv`);
    scope.defer(() => socket.terminate());
    await new Promise((resolve) => socket.once('message', resolve));
    socket.close(1000, 'enough');
    await new Promise((resolve) => socket.once('close', resolve));
  });
  await source.close();
  await take('http-publish', 'http', async (port) => {
    const body = Buffer.concat(sampleFlv(12));
    await (await fetch(`http://127.0.0.1:${port}/${path}.flv`, { method: 'POST', body })).text();
  });
  await take('ws-publish', 'http', async (port, scope) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${path}.flv`, ['publisher']);
    scope.defer(() => socket.terminate());
    await new Promise((resolve) => socket.once('open', resolve));
    for (const piece of sampleFlv(12)) {
      socket.send(piece);
      await awaitCondition('the message to be sent', () => socket.bufferedAmount === 0, { everyMs: 1 });
    }
    socket.close();
    await new Promise((resolve) => socket.once('close', resolve));
  });
  writeFileSync(FILE, `${JSON.stringify(stored, null, 2)}\n`);
}

/** A proxy that keeps what clients say to the member. */
async function record(to: number, scope: Scope): Promise<{ port: number; writes: readonly Buffer[] }> {
  const writes: Buffer[] = [];
  const server = createServer((client) => {
    const member = connect({ host: '127.0.0.1', port: to });
    scope.defer(() => member.destroy());
    scope.defer(() => client.destroy());
    client.on('data', (bytes: Buffer) => {
      writes.push(bytes);
      member.write(bytes);
    });
    member.on('data', (bytes: Buffer) => client.write(bytes));
    for (const [socket, other] of [
      [client, member],
      [member, client],
    ] as const) {
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  scope.defer(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the recorder has no port');
  return { port: address.port, writes };
}
