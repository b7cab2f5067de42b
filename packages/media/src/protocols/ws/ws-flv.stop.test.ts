import { readRules } from '@headwater/guard';
import { HookServer } from '@headwater/testing/hook-server';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { startMember } from '../../testing/test-member.js';

it.each([
  ['player', [], ['on_play', 'on_stop']],
  ['publisher', ['publisher'], ['on_publish', 'on_unpublish']],
])(
  'a member that has stopped has told its hooks the end of each %s over WebSocket',
  async (_, protocols, told) => {
    const hook = await HookServer.start();
    onTestFinished(() => hook.stop());
    const url = hook.url('/');
    const actions = () => hook.of('/').map(({ action }) => action);
    const { rules } = readRules([
      { hook: { on_play: url, on_stop: url, on_publish: url, on_unpublish: url } },
    ]);
    const member = await startMember('a', {}, new MemoryMesh(), { play: rules, publish: rules });
    const client = new WebSocket(`ws://127.0.0.1:${member.httpPort}/live/s1.flv`, [...protocols]);
    client.on('error', () => {});
    onTestFinished(() => client.terminate());
    await expect.poll(actions).toEqual(told.slice(0, 1));
    await member.stop();
    expect(actions()).toEqual(told);
  },
);
