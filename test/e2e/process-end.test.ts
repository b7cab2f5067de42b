import { awaitCondition } from '@headwater/testing/await-condition';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { OriginProcess } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { type Scope, testScope } from '../support/scope.js';

/** Longer than any test. */
const SILENCE_MS = 600_000;

/** Loaded into a member before its own code: a signal that nobody else uses makes it fail, in one of two ways. */
const PLANTED = `
process.on('SIGURG', () => { throw new TypeError('planted'); });
process.on('SIGWINCH', () => { Promise.reject(new TypeError('planted')); });
`;
const environment = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(PLANTED)}`,
};

async function publishOn(scope: Scope, origin: OriginProcess, stream: string): Promise<RtmpClient> {
  const client = await RtmpClient.open(scope, origin.ports.rtmp);
  await client.connect(origin.rtmpUrl('live').replace(/\/$/, ''));
  client.publish(stream);
  await client.awaitStatus('NetStream.Publish.Start');
  return client;
}

describe('a fault that nobody caught', () => {
  for (const [kind, signal] of [
    ['uncaughtException', 'SIGURG'],
    ['unhandledRejection', 'SIGWINCH'],
  ] as const) {
    it(`ends the member in an orderly way: ${kind}`, async () => {
      const scope = testScope();
      // Nobody is declared dead for being late on a busy machine.
      const patient = { mesh: { suspectAfterMs: SILENCE_MS, deadAfterMs: SILENCE_MS } };
      const b = await OriginProcess.spawn(scope, 'b', patient);
      const a = await OriginProcess.spawn(scope, 'a', { mesh: { seeds: [b.seed] } }, { environment });
      await Promise.all([a.ready(), b.ready()]);
      await publishOn(scope, a, 's1');
      await awaitCondition('b to know of it', async () => (await b.ownerNames('live/s1')).length === 1);
      a.signal(signal);
      expect((await a.exited).code).toBe(70);
      const [fault, ...more] = a.logged('process ended by a fault');
      expect(fault).toMatchObject({
        level: 'fatal',
        kind,
        faults: 1,
        err: { message: 'planted', stack: expect.stringMatching(/\n\s+at /) },
      });
      expect(more).toEqual([]);
      // It said leave, rather than to be found dead.
      await awaitCondition('b to hear of it', () => b.logged('member left').length === 1);
      expect(b.logged('member dead')).toEqual([]);
      await expect.poll(() => b.ownerNames('live/s1')).toEqual([]);
    });
  }
});

describe('signals that mean nothing to a member', () => {
  it('do nothing, and it says so: no debugger, no end', async () => {
    const scope = testScope();
    const origin = await OriginProcess.spawn(scope, 'a');
    await origin.ready();
    for (const [index, signal] of (['SIGUSR1', 'SIGUSR2'] as const).entries()) {
      origin.signal(signal);
      await awaitCondition(
        `word of ${signal}`,
        () => origin.logged('signal does nothing').length === index + 1,
      );
      expect(origin.logged('signal does nothing').at(-1)).toMatchObject({ level: 'info', signal });
    }
    expect(origin.output).not.toContain('Debugger');
    await origin.ready();
    const exit = await origin.kill('SIGTERM');
    expect(exit.code).toBe(0);
    expect(origin.logged('stop requested')).toMatchObject([{ signal: 'SIGTERM', state: 'running' }]);
  });
});

it('a signal while a seed has not been found ends it in good order', async () => {
  const scope = testScope();
  const origin = await OriginProcess.spawn(scope, 'a', { mesh: { seeds: ['nobody.invalid:7946'] } });
  await awaitCondition('it to listen', () => origin.logged('origin ready').length === 1);
  expect((await origin.kill('SIGTERM')).code).toBe(0);
});

it('a cluster that is well counts no faults', async () => {
  const scope = testScope();
  const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
  for (const member of cluster.members) {
    const health = await member.api<{ status: string; faults: number }>('/healthz');
    expect(health).toEqual({ status: 'ok', faults: 0 });
  }
});
