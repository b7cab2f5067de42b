import { setTimeout as sleep } from 'node:timers/promises';
import { route, type StreamKey } from '@headwater/directory';
import { PlayDesk, PlayerQueue, type PlaySession, StreamTable } from '@headwater/media/parts';
import type { Mesh } from '@headwater/mesh';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { MeshProcess } from '../support/mesh-process.js';
import type { Scope } from '../support/scope.js';
import type { LoopWatch } from './loop-watch.js';

const KEY = '__defaultVhost__/live/crowded';
const DEADLINE_MS = 60_000;

/** So many players of one stream, without sockets, wait for it, are relayed, and see its owners change. */
export async function sliceOfPlayers(
  scope: Scope,
  mesh: Mesh,
  watch: LoopWatch,
  count: number,
  [first, second]: readonly [MeshProcess, MeshProcess],
): Promise<Record<string, object>> {
  // As a real log does it: each line is made.
  const line = (fields: object, msg: string) => void JSON.stringify({ ...fields, msg });
  const log = { debug: line, info: line, warn: line, error: line };
  const ownersOf = (key: StreamKey) => mesh.directory.owners(key).filter(({ member }) => member !== mesh.id);
  const streams = new StreamTable({
    limitsOf: () => LIMITS,
    ownersOf,
    open: () => ({ close() {} }),
    detours: () => [],
    timers: {
      nowMs: () => performance.now(),
      after(ms, run) {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    log,
  });
  const desk = new PlayDesk(
    {
      streams,
      host: {
        member: mesh.id,
        route: (request) => route(mesh.directory, request),
        owners: (key) => mesh.directory.owners(key),
        onOwnersChanged: (listener, interest) => mesh.onOwnersChanged(listener, interest),
        workerOf: () => null,
      },
      log,
    },
    {
      play: { mode: 'auto', waitMs: 600_000, queueBytesMax: 1e6, stuckMs: 1e6, gopCacheBytesMax: 0 },
      apps: {},
    },
  );
  scope.defer(() => {
    desk.stop();
    streams.close();
  });
  const plays = Array.from({ length: count }, (_, index) => new SilentPlay(index));
  for (const [index, play] of plays.entries()) {
    desk.play(play);
    if (index % 50 === 0) await new Promise(setImmediate);
  }
  const figures: Record<string, object> = {};
  const owned = (names: string) => async () => {
    await awaitCondition(
      `owners ${names}`,
      () =>
        mesh.directory
          .owners(KEY)
          .map(({ profile }) => profile.name)
          .join() === names || undefined,
      { deadlineMs: DEADLINE_MS, everyMs: 5 },
    );
    await sleep(200);
  };
  const measure = async (what: string, order: () => void, done: () => Promise<void>) => {
    figures[`${count} players: ${what}`] = await watch.during(async () => {
      order();
      await done();
    });
  };
  await measure(
    'their stream is published',
    () => first.order({ kind: 'claim', keys: [KEY] }),
    owned(first.name),
  );
  await measure(
    'it gets a second owner',
    () => second.order({ kind: 'claim', keys: [KEY] }),
    owned(`${first.name},${second.name}`),
  );
  await measure(
    'the first owner goes',
    () => first.order({ kind: 'release', keys: [KEY] }),
    owned(second.name),
  );
  await measure('nobody owns it', () => second.order({ kind: 'release', keys: [KEY] }), owned(''));
  return figures;
}

const LIMITS = {
  gopCacheBytesMax: 0,
  queueBytesMax: 1e6,
  stuckMs: 1e6,
  replayMs: 0,
  replayBytesMax: 0,
  stallMs: 1500,
  connectMs: 3000,
  retryMs: 500,
  lagMs: 1000,
  lingerMs: 5000,
};

class SilentPlay implements PlaySession {
  readonly key = KEY;
  readonly id: string;
  readonly remote: string;
  readonly protocol = 'rtmp';
  readonly format = 'rtmp';
  readonly agent = 'bench';
  readonly sinceMs = 0;
  readonly queue = new PlayerQueue();
  readonly followsRedirect = false;
  readonly canRedirectNow = true;
  readonly forgetsMark = true;
  readonly mark = 'none';

  constructor(index: number) {
    this.id = `play-${index}`;
    this.remote = `10.0.0.1:${index}`;
  }
  begin(): void {}
  wait(): void {}
  redirect(): void {}
  refuse(): void {}
  end(): void {}
  fault(error: unknown): never {
    throw error;
  }
}
