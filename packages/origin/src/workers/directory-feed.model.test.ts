import { deserialize } from 'node:v8';
import {
  type Claim,
  Directory,
  type Liveness,
  type Owner,
  OwnLog,
  primaryOrder,
  type StagedSnapshot,
} from '@headwater/directory';
import { claimOf } from '@headwater/testing/claim-of';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ClaimTable } from './claim-table.js';
import { BEHIND_BYTES, DirectoryFeed } from './directory-feed.js';
import { DirectoryReplica } from './directory-replica.js';
import type { ToWorker } from './messages.js';

const SELF = 'me';
const MEMBERS = ['a', 'b', 'c'] as const;
const STREAMS = Array.from({ length: 7 }, (_, index) => claimOf(`s${index}`).key);
const PART_CLAIMS = 2;

/** One worker: its pipe both ways, and its copy. */
class Worker {
  readonly address: { readonly worker: number; readonly path: string };
  readonly replica: DirectoryReplica;
  readonly down: Buffer[] = [];
  readonly up: ((main: Main) => void)[] = [];
  isStalled = false;
  unfollow: () => void = () => {};
  /** Streams that were told to have changed. */
  readonly told = new Set<string>();

  constructor(worker: number) {
    this.address = { worker, path: `/w${worker}` };
    this.replica = new DirectoryReplica({
      self: SELF,
      order: primaryOrder,
      worker: this.address,
      onChanged: (changed) => {
        for (const key of STREAMS) if (changed.touches(key)) this.told.add(key);
      },
    });
  }

  readonly own = new Set<string>();

  send(frame: Buffer): void {
    this.down.push(frame);
  }

  get backlogBytes(): number {
    return this.isStalled ? BEHIND_BYTES + 1 : 0;
  }

  /** Takes some of what came. */
  take(frames: number): void {
    for (const frame of this.down.splice(0, frames)) {
      for (const message of deserialize(frame.subarray(4)) as ToWorker[]) {
        if (message.kind === 'directory') this.replica.take(message.changes);
      }
    }
  }

  publish(key: string, sinceMs: number): void {
    if (this.own.has(key) || this.replica.workerOf(key) !== null) return;
    const claim = { ...claimOf('x'), key, sinceMs };
    this.own.add(key);
    this.replica.claim(claim);
    this.up.push((main) => main.claim(this, claim));
  }

  end(key: string): void {
    if (!this.own.delete(key)) return;
    this.replica.release(key);
    this.up.push((main) => main.release(this, key));
  }
}

class Main {
  readonly directory = new Directory(SELF, profileOf(SELF), { membersMax: 9, streamsPerMemberMax: 6 });
  readonly logs = new Map<string, OwnLog>(MEMBERS.map((id) => [id, newLog(id, 1)]));
  readonly ownLog = new OwnLog(SELF, 1, 3);
  readonly claims = new ClaimTable<Worker>();
  readonly workers = [new Worker(1), new Worker(2)];
  staged: { readonly part: StagedSnapshot; readonly log: OwnLog; readonly version: number } | null = null;
  readonly #due: (() => void)[] = [];
  readonly feed: DirectoryFeed;

  constructor() {
    const claims = this.claims;
    this.feed = new DirectoryFeed(
      {
        directory: this.directory,
        facts: () => [],
        *own() {
          for (const { claim, worker } of claims.entries()) yield { claim, worker: worker.address };
        },
      },
      {
        after: (_ms, run) => void this.#due.push(run),
        turn: () => new Promise((resolve) => this.#due.push(() => resolve())),
      },
      PART_CLAIMS,
    );
    for (const worker of this.workers) worker.unfollow = this.feed.follow(worker);
  }

  claim(worker: Worker, claim: Claim): void {
    if (!this.claims.claim(worker, claim, 'backup').stands) {
      worker.end(claim.key);
      return;
    }
    this.#own((log) => log.claim(claim));
    this.feed.own(claim, worker.address);
  }

  release(worker: Worker, key: string): void {
    if (this.claims.release(worker, key)) this.disown(key);
  }

  disown(key: string): void {
    this.#own((log) => log.release(key));
    this.feed.disown(key);
  }

  #own(change: (log: OwnLog) => unknown): void {
    const from = this.ownLog.version;
    const entry = change(this.ownLog) as Parameters<Directory['apply']>[0]['entries'][number] | null;
    if (entry === null || entry === undefined) return;
    this.directory.apply({ member: SELF, generation: 1, from, to: this.ownLog.version, entries: [entry] });
  }

  /** Other work of the process has its turn: so many timers. */
  async pass(count: number): Promise<void> {
    for (const run of this.#due.splice(0, count)) run();
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
  }

  async settle(): Promise<void> {
    for (const worker of this.workers) worker.isStalled = false;
    for (let round = 0; round < 200; round += 1) {
      await this.pass(99);
      for (const worker of this.workers) {
        worker.take(999);
        for (const tell of worker.up.splice(0)) tell(this);
      }
    }
  }
}

function newLog(id: string, generation: number): OwnLog {
  const log = new OwnLog(id, generation, 3);
  log.setProfile(profileOf(id));
  return log;
}

const textOf = ({ member, claim, liveness, profile, through }: Owner): string =>
  `${member} ${claim.sinceMs} ${claim.silent === true} ${liveness} ${profile.draining} ${through}`;

type Step = (main: Main) => void | Promise<void>;

const member = fc.constantFrom(...MEMBERS);
const key = fc.constantFrom(...STREAMS);
const which = fc.nat({ max: 1 });
const pick = (main: Main, index: number): Worker => main.workers[index] as Worker;

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ member, key, sinceMs: fc.nat({ max: 9 }), silent: fc.boolean() }).map(
    ({ member: id, key: stream, sinceMs, silent }): Step =>
      ({ logs }) => {
        const claim = { ...claimOf('x'), key: stream, sinceMs };
        logs.get(id)?.claim(silent ? { ...claim, silent } : claim);
      },
  ),
  fc.record({ member, key }).map(
    ({ member: id, key: stream }): Step =>
      ({ logs }) => {
        logs.get(id)?.release(stream);
      },
  ),
  fc.record({ member, draining: fc.boolean() }).map(
    ({ member: id, draining }): Step =>
      ({ logs }) => {
        logs.get(id)?.setProfile({ ...profileOf(id), draining });
      },
  ),
  // News come, from what is held or after a gap, or not at all.
  fc.record({ member, isGap: fc.boolean() }).map(
    ({ member: id, isGap }): Step =>
      ({ logs, directory }) => {
        const log = logs.get(id);
        if (log === undefined) return;
        const held = directory.position(id);
        const since = held.generation === log.generation ? held.version : 0;
        const delta = deltaSince(log, isGap ? Math.min(since + 2, log.version) : since);
        if (delta !== null) directory.apply(delta);
      },
  ),
  member.map(
    (id): Step =>
      ({ logs, directory }) => {
        const snapshot = logs.get(id)?.snapshot();
        if (snapshot !== undefined) directory.replace(snapshot);
      },
  ),
  member.map(
    (id): Step =>
      ({ logs }) => {
        logs.set(id, newLog(id, (logs.get(id)?.generation ?? 0) + 1));
      },
  ),
  fc
    .record({
      member,
      liveness: fc.constantFrom<Liveness>('alive', 'unreachable', 'suspect', 'dead', 'left'),
    })
    .map(
      ({ member: id, liveness }): Step =>
        ({ directory }) =>
          void directory.setLiveness(id, liveness),
    ),
  fc.record({ member, through: fc.subarray([...MEMBERS]) }).map(
    ({ member: id, through }): Step =>
      ({ directory }) =>
        void directory.setReach(id, through),
  ),
  member.map(
    (id): Step =>
      ({ directory }) =>
        void directory.voidClaims(id),
  ),
  member.map(
    (id): Step =>
      ({ directory }) =>
        void directory.forget(id),
  ),
  // Workers publish, end, take what came, stall, die.
  fc.record({ which, key, sinceMs: fc.nat({ max: 9 }) }).map(
    ({ which: at, key: stream, sinceMs }): Step =>
      (main) =>
        pick(main, at).publish(stream, sinceMs),
  ),
  fc.record({ which, key }).map(
    ({ which: at, key: stream }): Step =>
      (main) =>
        pick(main, at).end(stream),
  ),
  fc.record({ which, frames: fc.nat({ max: 3 }) }).map(
    ({ which: at, frames }): Step =>
      (main) =>
        pick(main, at).take(frames),
  ),
  which.map(
    (at): Step =>
      (main) =>
        pick(main, at).up.shift()?.(main),
  ),
  fc.record({ which, isStalled: fc.boolean() }).map(
    ({ which: at, isStalled }): Step =>
      (main) => {
        pick(main, at).isStalled = isStalled;
      },
  ),
  which.map(
    (at): Step =>
      (main) => {
        const gone = pick(main, at);
        gone.unfollow();
        for (const stream of main.claims.releaseAll(gone)) main.disown(stream);
        const next = new Worker(at + 1);
        main.workers[at] = next;
        next.unfollow = main.feed.follow(next);
      },
  ),
  fc.nat({ max: 3 }).map(
    (count): Step =>
      (main) =>
        main.pass(count),
  ),
);

const seen = (directory: Directory): string[] =>
  STREAMS.map((stream) => `${stream}: ${directory.owners(stream).map(textOf).join(', ')}`);

it('each copy is as main’s directory once all was told, whatever came in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(steps, { maxLength: 80 }), async (isLive, run) => {
      const main = new Main();
      if (isLive) await main.settle();
      for (const [index, step] of run.entries()) {
        await step(main);
        if (index % 3 === 2) await main.pass(1);
      }
      await main.settle();
      const expected = seen(main.directory);
      for (const { replica, address } of main.workers) {
        expect(replica.isComplete).toBe(true);
        expect(seen(replica.directory)).toEqual(expected);
        for (const stream of STREAMS) {
          const holder = [...main.claims.entries()].find(({ claim }) => claim.key === stream)?.worker;
          const other = holder?.address.path === address.path ? undefined : holder?.address.path;
          expect(replica.workerOf(stream)?.path).toBe(other);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

it('whoever has another owner for a stream was told so', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 40 }), steps, async (run, last) => {
      const main = new Main();
      for (const step of run) await step(main);
      await main.settle();
      const before = main.workers.map(({ replica }) => seen(replica.directory));
      const same = [...main.workers];
      for (const { told } of main.workers) told.clear();
      await last(main);
      await main.settle();
      for (const [index, worker] of main.workers.entries()) {
        if (worker !== same[index]) continue;
        const after = seen(worker.replica.directory);
        for (const [at, stream] of STREAMS.entries())
          if (after[at] !== before[index]?.[at]) expect(worker.told).toContain(stream);
      }
    }),
    { numRuns: 200 },
  );
});
