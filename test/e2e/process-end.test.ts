import { awaitCondition } from '@headwater/testing/await-condition';
import { describe, expect, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { cleanEnvironment, OriginProcess } from '../support/origin-process.js';
import { HEADWATER } from '../support/program.js';
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

describe('warnings of node’s own', () => {
  // Both processes warn from when they are set up; the first says when it outlived that.
  const planted = `
setInterval(() => { if (process.listenerCount('uncaughtException') > 0) process.emitWarning('planted'); }, 20);
process.on('SIGURG', () => setTimeout(() => process.stdout.write('outlived\\n'), 500));`;

  it.each([
    ['nobody reads', ''],
    ['a full disk takes not', '2> /dev/full'],
  ])('that %s end neither a member nor its worker', async (_, redirection) => {
    const scope = testScope();
    const origin = await OriginProcess.spawn(scope, 'a', { workers: 1 });
    await origin.kill('SIGTERM');
    const words = [process.execPath, HEADWATER, 'origin', '--config', origin.configFile];
    const member = new TestProcess(scope, 'sh', ['-c', `exec "$0" "$@" ${redirection}`, ...words], {
      env: {
        ...cleanEnvironment(),
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(planted)}`,
      },
    });
    member.child.stderr?.destroy();
    await awaitCondition(
      'it to be ready',
      async () => (await fetch(origin.apiUrl('/readyz')).catch(() => null))?.status === 200,
    );
    member.signal('SIGURG');
    await awaitCondition('it to go on', () => member.stdout.includes('outlived'));
    expect(member.stdout.join('\n')).not.toMatch(/by a fault|worker ended/);
    expect((await member.kill('SIGTERM')).code).toBe(0);
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
