import { deserialize } from 'node:v8';
import { Directory, OwnLog, primaryOrder } from '@headwater/directory';
import { claimOf } from '@headwater/testing/claim-of';
import { deltaSince } from '@headwater/testing/delta-since';
import { profileOf } from '@headwater/testing/profile-of';
import { expect, it } from 'vitest';
import { BEHIND_BYTES, DirectoryFeed, type Fed } from './directory-feed.js';
import { DirectoryReplica } from './directory-replica.js';
import type { DirectoryChange, ToWorker } from './messages.js';

const PART_CLAIMS = 2;

/** Main's side: a directory with one other member, and timers that count what is asked of them. */
class Main {
  readonly directory = new Directory('me', profileOf('me'), { membersMax: 9, streamsPerMemberMax: 99 });
  readonly log = new OwnLog('a', 1, 99);
  readonly feed: DirectoryFeed;
  turns = 0;
  #later: (() => void)[] = [];

  constructor() {
    this.directory.orderBy(primaryOrder);
    this.log.setProfile(profileOf('a'));
    this.feed = new DirectoryFeed(
      { directory: this.directory, facts: () => [], own: () => [] },
      {
        after: (_ms, run) => void this.#later.push(run),
        turn: () => {
          this.turns += 1;
          return new Promise((resolve) => this.#later.push(resolve));
        },
      },
      PART_CLAIMS,
    );
  }

  claim(stream: string): void {
    const { version } = this.directory.position('a');
    this.log.claim({ ...claimOf(stream), media: {} });
    const delta = deltaSince(this.log, version);
    if (delta !== null) this.directory.apply(delta);
  }

  /** All that waits for a timer or its turn, so many times. */
  async pass(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      for (const run of this.#later.splice(0)) run();
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    }
  }
}

class Worker implements Fed {
  readonly frames: Buffer[] = [];
  backlogBytes = 0;

  send(frame: Buffer): void {
    this.frames.push(frame);
  }

  /** What was told, by kind. */
  get told(): readonly string[] {
    return this.#changes.map((change) => change.do);
  }

  /** Of a stream, by a copy that is made of what was told. */
  owners(stream: string): readonly string[] {
    const worker = { worker: 1, path: '/w1' };
    const replica = new DirectoryReplica({ self: 'me', order: primaryOrder, worker, onChanged: () => {} });
    replica.take(this.#changes);
    return replica.directory.owners(claimOf(stream).key).map(({ member }) => member);
  }

  get #changes(): readonly DirectoryChange[] {
    return this.frames.flatMap((frame) =>
      (deserialize(frame.subarray(4)) as ToWorker[]).flatMap((message) =>
        message.kind === 'directory' ? message.changes : [],
      ),
    );
  }
}

it('a copy waits for a worker that takes nothing by a timer, not turn by turn', async () => {
  const main = new Main();
  for (let i = 0; i < 10; i += 1) main.claim(`s${i}`);
  const worker = new Worker();
  worker.backlogBytes = BEHIND_BYTES;
  main.feed.follow(worker);
  await main.pass(100);
  expect(main.turns).toBeLessThan(5);
  expect(worker.told).not.toContain('complete');
  worker.backlogBytes = 0;
  await main.pass(10);
  expect(worker.told.at(-1)).toBe('complete');
  expect(worker.told.filter((what) => what === 'part')).toHaveLength(5);
});

it('nothing is kept while nobody follows', async () => {
  const main = new Main();
  for (let i = 0; i < 10; i += 1) main.claim(`s${i}`);
  const worker = new Worker();
  main.feed.follow(worker);
  await main.pass(20);
  main.claim('new');
  await main.pass(5);
  expect(worker.told.filter((what) => what === 'delta')).toHaveLength(1);
});

it('who follows forgets a member that main forgot while its claims were told anew, and another began to follow', async () => {
  const main = new Main();
  for (let i = 0; i < 10; i += 1) main.claim(`s${i}`);
  main.directory.setLiveness('a', 'alive');
  const worker = new Worker();
  main.feed.follow(worker);
  await main.pass(20);
  expect(worker.owners('s1')).toEqual(['a']);
  main.log.claim({ ...claimOf('more'), media: {} });
  main.directory.replace(main.log.snapshot());
  await main.pass(1);
  main.directory.setLiveness('a', 'dead');
  main.directory.forget('a');
  main.feed.follow(new Worker());
  await main.pass(20);
  expect(worker.owners('s1')).toEqual([]);
});
