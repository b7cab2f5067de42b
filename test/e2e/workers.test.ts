import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition, withDeadline } from '@headwater/testing/await-condition';
import { amount } from '@headwater/testing/long-run';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { freeOriginPorts, OriginProcess } from '../support/origin-process.js';
import { PlayersOf } from '../support/players-of.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { SampleSource } from '../support/sample-source.js';
import { type Scope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const STREAM = 'live/cores';
/** Nothing here ends by it. */
const NEVER_MS = 600_000;

async function publisher(scope: Scope, origin: OriginProcess, stream: string): Promise<RtmpClient> {
  const client = await RtmpClient.open(scope, origin.ports.rtmp);
  await client.connect(`rtmp://127.0.0.1:${origin.ports.rtmp}/live`);
  client.publish(stream);
  return client;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** So many connections, one after the other. */
async function dialled(scope: Scope, port: number, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 1) {
    const socket = connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume();
    scope.defer(() => void socket.destroy());
    sockets.push(socket);
    await once(socket, 'connect');
  }
  return sockets;
}

const socketFolders = (pid: number): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`headwater-${pid}-`));

describe('a member', needs('ffmpeg'), () => {
  it.each(amount({ short: [3], long: [0, 1, 3] }))(
    'with %i workers serves players of each protocol, every frame once',
    async (workers) => {
      const scope = testScope();
      const origin = await (await OriginProcess.spawn(scope, 'a', { workers })).ready();
      expect((await origin.workers()).map(({ worker, state }) => `${worker} ${state}`)).toEqual(
        Array.from({ length: workers }, (_, index) => `${index + 1} listening`),
      );
      const source = new SampleSource(scope);
      await source.publish(origin.rtmpUrl(STREAM));
      const players = new PlayersOf(scope, origin, STREAM);
      await players.playOn(40);
      expect(players.breaks()).toEqual([]);
      const { here, owners } = await origin.stream(STREAM);
      expect(here.source).toBe('publisher');
      expect(owners).toHaveLength(1);
      const routed = origin.logged('play routed');
      expect(
        routed.every(({ worker }) => (workers === 0 ? worker === undefined : typeof worker === 'number')),
      ).toBe(true);
      expect(origin.stdout.filter((line) => !line.startsWith('{') || !line.endsWith('}'))).toEqual([]);
    },
  );

  it('whose worker is killed goes on from the backup, on the same connections, and has it again', async () => {
    const scope = testScope();
    const mesh = { key: randomBytes(32).toString('hex') };
    const b = await OriginProcess.spawn(scope, 'b', { mesh });
    const a = await OriginProcess.spawn(scope, 'a', {
      workers: 2,
      mesh: { ...mesh, seeds: [b.seed] },
      play: { mode: 'relay' },
    });
    await Promise.all([a.ready(), b.ready()]);
    const source = new SampleSource(scope);
    await source.publish(a.rtmpUrl(STREAM));
    const owner = await a.publishingWorker();
    await source.publish(b.rtmpUrl(STREAM), { clockMs: 3_000 });
    await awaitCondition('both owners', async () => (await a.ownerNames(STREAM)).join() === 'a,b');
    const here = new PlayersOf(scope, a, STREAM);
    const there = new PlayersOf(scope, b, STREAM);
    await Promise.all([here.playOn(40), there.playOn(40)]);
    const workerOf = (protocol: string) =>
      a.logged('play routed').find((line) => line.protocol === protocol && line.mark === 'none')?.worker;
    const others = ['rtmp', 'http-flv', 'ws-flv'].filter((protocol) => workerOf(protocol) !== owner.worker);
    expect(others).not.toEqual([]);
    process.kill(owner.pid ?? 0, 'SIGKILL');
    await awaitCondition('the claim to be gone', async () => (await b.ownerNames(STREAM)).join() === 'b');
    await there.playOn(40);
    expect(there.breaks()).toEqual([]);
    // Those of its other worker go on, on their connections, with the very next frame of the backup.
    await here.playOn(40, others);
    expect(here.breaks()).toEqual([]);
    await expect
      .poll(() => a.logged('worker ended')[0])
      .toMatchObject({
        level: 'warn',
        worker: owner.worker,
        reason: 'signal SIGKILL',
        streams: 1,
      });
    await awaitCondition('the worker to be there again', async () =>
      (await a.workers()).every(({ state }) => state === 'listening'),
    );
    const again = (await a.workers()).find(({ worker }) => worker === owner.worker);
    expect(again).toMatchObject({ restarts: 1, lastEnd: 'signal SIGKILL' });
    // With what the process before it used.
    expect(owner.cpuSeconds).toBeGreaterThan(0);
    expect(again?.cpuSeconds).toBeGreaterThan(owner.cpuSeconds);
    await source.publish(a.rtmpUrl(STREAM));
    await awaitCondition('it to be owned again', async () => (await b.ownerNames(STREAM)).length === 2);
  });

  it('refuses a second publisher of a stream, whichever worker it comes to', async () => {
    const scope = testScope();
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 2 })).ready();
    const first = await publisher(scope, origin, 's');
    await first.awaitStatus('NetStream.Publish.Start');
    await awaitCondition('it to be known', async () => (await origin.ownerNames('live/s')).length === 1);
    const refused = () => origin.logged('publish refused');
    // One that is late is passed over: who comes next may go to the same one.
    await awaitCondition('each worker to refuse one', async () => {
      const other = await publisher(scope, origin, 's');
      await other.awaitStatus('NetStream.Publish.BadName');
      return new Set(refused().map(({ worker }) => worker)).size === 2;
    });
    expect(new Set(refused().map(({ reason }) => reason))).toEqual(new Set(['already-published']));
    expect(await origin.ownerNames('live/s')).toEqual(['a']);
  });

  it('has one publisher of each stream where many begin at the same moment, and by takeover the last', async () => {
    const scope = testScope();
    const origin = await (
      await OriginProcess.spawn(scope, 'a', {
        workers: 2,
        apps: { over: { publish: { policy: 'takeover' } } },
      })
    ).ready();
    const at = async (app: string) => {
      const client = await RtmpClient.open(scope, origin.ports.rtmp);
      await client.connect(`rtmp://127.0.0.1:${origin.ports.rtmp}/${app}`);
      return client;
    };
    const clients = await Promise.all(Array.from({ length: 8 }, () => at('live')));
    for (const client of clients) client.publish('race');
    await awaitCondition('all but one to be refused', async () => {
      const { here } = await origin.stream('live/race');
      const gone = origin.logged('publish ended').length + origin.logged('publish refused').length;
      return here.source === 'publisher' && gone === 7;
    });
    for (let i = 0; i < 3; i += 1) (await at('over')).publish('s');
    await awaitCondition('two to be taken over', () => {
      const ended = origin.logged('publish ended').filter(({ reason }) => reason === 'taken-over');
      return ended.length === 2;
    });
    await awaitCondition(
      'the last one to publish',
      async () => (await origin.stream('over/s')).here.source === 'publisher',
    );
  });
});

describe('a worker', () => {
  it('that hangs is named, killed, and replaced; others go on', async () => {
    const scope = testScope();
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 2 })).ready();
    const kept = await publisher(scope, origin, 'kept');
    await kept.awaitStatus('NetStream.Publish.Start');
    const owner = await origin.publishingWorker();
    const hung = (await origin.workers()).find(({ worker }) => worker !== owner.worker);
    process.kill(hung?.pid ?? 0, 'SIGSTOP');
    await awaitCondition('it to be named', async () =>
      (await origin.stream('live/kept')).unanswered?.includes(hung?.worker ?? 0),
    );
    await awaitCondition('it to be killed', () => origin.logged('worker killed').length === 1);
    expect(origin.logged('worker killed')).toMatchObject([{ worker: hung?.worker, reason: /no answer/ }]);
    await origin.ready();
    expect((await origin.workers()).map(({ restarts }) => restarts).sort()).toEqual([0, 1]);
    await expect.poll(async () => (await origin.stream('live/kept')).here.source).toBe('publisher');
    expect(kept.isClosed).toBe(false);
  });

  it('that is killed leaves nobody waiting whose connection was on its way to it', async () => {
    const scope = testScope();
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 2 })).ready();
    const [hung] = await origin.workers();
    process.kill(hung?.pid ?? 0, 'SIGSTOP');
    const clients = await dialled(scope, origin.ports.http, 8);
    for (const client of clients) client.write('GET / HTTP/1.0\r\n\r\n');
    await awaitCondition('it to be given some', async () =>
      (await origin.workers()).some(({ pid, connections }) => pid === hung?.pid && connections > 0),
    );
    process.kill(hung?.pid ?? 0, 'SIGKILL');
    await awaitCondition('all to be answered, or closed', () => clients.every(({ closed }) => closed));
    await awaitCondition('none to be counted', async () =>
      (await origin.workers()).every(({ connections }) => connections === 0),
    );
  });

  it(
    'that may open no more files keeps who is there, and leaves nobody else waiting',
    needs('prlimit'),
    async () => {
      const scope = testScope();
      const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 1 })).ready();
      const kept = await publisher(scope, origin, 'kept');
      await kept.awaitStatus('NetStream.Publish.Start');
      const [worker] = await origin.workers();
      execFileSync('prlimit', ['--pid', String(worker?.pid), '--nofile=4:4']);
      const clients = await dialled(scope, origin.ports.http, 3);
      await awaitCondition('all to be closed', () => clients.every(({ closed }) => closed));
      // Clients hear of it sooner than who reads the log.
      await expect
        .poll(() => origin.logged('connection refused'))
        .toMatchObject([
          { reason: 'workers-not-ready' },
          { reason: 'workers-not-ready' },
          { reason: 'workers-not-ready' },
        ]);
      await awaitCondition('none of them to be counted', async () =>
        (await origin.workers()).every(({ connections }) => connections === 1),
      );
      expect((await origin.workers()).map(({ pid }) => pid)).toEqual([worker?.pid]);
      expect(kept.isClosed).toBe(false);
    },
  );

  it('that main has no files to start is nobody to wait for in a drain', needs('prlimit'), async () => {
    const scope = testScope();
    const config = { workers: 1, drain: { deadlineMs: NEVER_MS } };
    const origin = await (await OriginProcess.spawn(scope, 'a', config)).ready();
    const [worker] = await origin.workers();
    execFileSync('prlimit', ['--pid', String(origin.pid), '--nofile=4:4']);
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    await awaitCondition('the start to fail', () => origin.logged('worker not started').length > 0);
    expect((await origin.kill('SIGTERM')).code).toBe(0);
  });

  it('whose socket something removes opens it again, and feeds the others', needs('ffmpeg'), async () => {
    const scope = testScope();
    const folder = scratchFolder(scope, 'tmp');
    const environment = { TMPDIR: folder };
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 2 }, { environment })).ready();
    await new SampleSource(scope).publish(origin.rtmpUrl(STREAM));
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    await awaitCondition('both sockets', () => origin.logged('socket of worker made anew').length === 2);
    expect(origin.logged('folder of sockets made anew')).toHaveLength(1);
    // Three of them, so on both workers.
    await new PlayersOf(scope, origin, STREAM).playOn(10);
    const owner = await origin.publishingWorker();
    const other = (await origin.workers()).find(({ worker }) => worker !== owner.worker);
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    process.kill(other?.pid ?? 0, 'SIGKILL');
    await awaitCondition('another one in its place', () => origin.logged('worker ready').length === 3);
    await new PlayersOf(scope, origin, STREAM).playOn(10);
  });

  it('that ends again and again is named by the doctor, and others are told to send nobody', async () => {
    const origin = await (await OriginProcess.spawn(testScope(), 'a', { workers: 1 })).ready();
    const kill = async () => {
      for (const { pid } of await origin.workers()) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    };
    const isFull = async () => (await origin.members()).find(({ self }) => self)?.full;
    await awaitCondition('it to say that it takes nobody', async () => {
      await kill();
      return await isFull();
    });
    expect(origin.logged('member full')).toMatchObject([{ reason: expect.stringContaining('worker') }]);
    await awaitCondition('the doctor to name it', async () => {
      await kill();
      const answer = await fetch(`http://127.0.0.1:${origin.ports.api}/api/v1/doctor`);
      const { findings } = (await answer.json()) as { findings: readonly { code: string }[] };
      return findings.some(({ code }) => code === 'worker-down');
    });
    await origin.ready();
    await awaitCondition('it to take them again', async () => (await isFull()) === false);
  });

  it('that fails says why, and ends alone', async () => {
    const scope = testScope();
    const planted = "process.on('SIGURG', () => { throw new TypeError('planted'); });";
    const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(planted)}` };
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 2 }, { environment })).ready();
    const kept = await publisher(scope, origin, 'kept');
    await kept.awaitStatus('NetStream.Publish.Start');
    const owner = await origin.publishingWorker();
    const failing = (await origin.workers()).find(({ worker }) => worker !== owner.worker);
    process.kill(failing?.pid ?? 0, 'SIGURG');
    await awaitCondition('its end', () => origin.logged('worker ended').length === 1);
    expect(origin.logged('worker ended')).toMatchObject([{ worker: failing?.worker, reason: 'status 70' }]);
    await expect
      .poll(() => origin.logged('worker ended by a fault'))
      .toMatchObject([
        {
          level: 'fatal',
          worker: failing?.worker,
          err: { message: 'planted', stack: expect.stringContaining('at ') },
        },
      ]);
    await origin.ready();
    expect(kept.isClosed).toBe(false);
  });

  it('ends with main, however that ends, and leaves nothing', async () => {
    const scope = testScope();
    let killed = 0;
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
      const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 2 })).ready();
      const workers = await origin.workers();
      await publisher(scope, origin, 's');
      // Ctrl-C reaches the whole group, and a service manager may tell all of it, too.
      if (signal !== 'SIGKILL') for (const { pid = 0 } of workers) process.kill(pid, signal);
      origin.signalMain(signal);
      const exit = await withDeadline('main to end', origin.exited);
      if (signal !== 'SIGKILL') expect(exit).toEqual({ code: 0, signal: null });
      await awaitCondition('its workers to end', () => workers.every(({ pid = 0 }) => !isRunning(pid)));
      if (signal === 'SIGKILL') killed = origin.pid;
      else expect(socketFolders(origin.pid)).toEqual([]);
    }
    // A later start removes what a killed one left.
    const last = await (await OriginProcess.spawn(scope, 'a', { workers: 1 })).ready();
    expect(socketFolders(killed)).toEqual([]);
    await last.stop();
  });
});

describe('a main process that hangs', () => {
  it('leaves no ghosts: its workers end, and are there again with it', async () => {
    const scope = testScope();
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 2 })).ready();
    const workers = await origin.workers();
    const client = await publisher(scope, origin, 's');
    await client.awaitStatus('NetStream.Publish.Start');
    origin.signalMain('SIGSTOP');
    // What it publishes is seen by nobody any more: it may go elsewhere.
    await client.awaitClose();
    // Main takes note of them when it goes on; one that still is there then hears it, and stays.
    await awaitCondition('both to have ended', () => workers.every(({ pid }) => hasEnded(pid)));
    origin.signalMain('SIGCONT');
    await awaitCondition(
      'main to take note',
      () => origin.logged('worker ended').length === 2 && origin.logged('worker ends').length >= 2,
    );
    expect(origin.logged('worker ends')).toMatchObject([
      { reason: 'main-silent' },
      { reason: 'main-silent' },
    ]);
    await awaitCondition('others to be there', async () =>
      (await origin.workers()).every(
        ({ state, pid }) => state === 'listening' && workers.every((before) => before.pid !== pid),
      ),
    );
    await origin.ready();
    await expect.poll(() => origin.streams()).toEqual([]);
  });
});

describe('connections', () => {
  it('are spread evenly', async () => {
    const scope = testScope();
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 3 })).ready();
    // Each is taken by a worker before the next come: one that a busy machine keeps from its turn is passed over meanwhile.
    for (let i = 0; i < 20; i += 1)
      await Promise.all(Array.from({ length: 50 }, () => RtmpClient.open(scope, origin.ports.rtmp)));
    const counts = await awaitCondition('all of them to be there', async () => {
      const told = (await origin.workers()).map(({ connections }) => connections);
      return told.reduce((sum, count) => sum + count, 0) === 1000 && told;
    });
    expect(Math.max(...counts)).toBeLessThanOrEqual((1.15 * 1000) / 3);
  });

  it('count against the limits of the member, not of a worker', async () => {
    const scope = testScope();
    const limits = { connectionsMax: 8, connectionsPerAddressMax: 6 };
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 3, limits })).ready();
    const clients = await dialled(scope, origin.ports.rtmp, 9);
    await awaitCondition(
      'those over the limit to be refused',
      () => origin.logged('connection refused').length === 3,
    );
    expect(new Set(origin.logged('connection refused').map(({ reason }) => reason))).toEqual(
      new Set(['connections-per-address-max']),
    );
    // The log may tell of them before their connections are seen to end.
    await awaitCondition(
      'the others to be inside',
      () => clients.filter(({ closed }) => !closed).length <= 6,
    );
    const inside = clients.filter(({ closed }) => !closed);
    expect(inside).toHaveLength(6);
    // Those that end give their places back, to whichever worker.
    for (const client of inside.slice(0, 3)) client.destroy();
    await awaitCondition('places to be free', async () => {
      const told = (await origin.workers()).map(({ connections }) => connections);
      return told.reduce((sum, count) => sum + count, 0) === 3;
    });
    for (let i = 0; i < 3; i += 1) await RtmpClient.open(scope, origin.ports.rtmp);
    expect(origin.logged('connection refused')).toHaveLength(3);
  });
});

describe('the start', () => {
  it('of four workers ends when all of them take connections', async () => {
    const scope = testScope();
    const origin = await (await OriginProcess.spawn(scope, 'a', { workers: 4 })).ready();
    expect((await origin.workers()).filter(({ state }) => state === 'listening')).toHaveLength(4);
    await expect.poll(() => origin.logged('worker ready')).toHaveLength(4);
    await expect.poll(() => origin.logged('origin ready')).toHaveLength(1);
  });

  it('says in one error which port is taken, and leaves no process', async () => {
    const scope = testScope();
    const taken = await freePort(scope);
    const holder = createServer().listen(taken, '127.0.0.1');
    scope.defer(() => void holder.close());
    const ports = { ...(await freeOriginPorts(scope)), http: taken };
    const origin = await OriginProcess.spawn(scope, 'a', { workers: 2 }, { ports });
    expect((await origin.exited).code).not.toBe(0);
    expect(origin.stderr.join('\n')).toContain(`http cannot listen on 127.0.0.1:${taken}`);
    expect(origin.stderr.join('\n').match(/cannot listen/g)).toHaveLength(1);
    expect(socketFolders(origin.pid)).toEqual([]);
  });
});

/** Whether a process has ended, though its parent has not asked how (proc(5)). */
function hasEnded(pid: number | undefined): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
