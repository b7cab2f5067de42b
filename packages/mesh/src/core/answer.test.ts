import { OwnLog } from '@headwater/directory';
import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { Answer } from './answer.js';
import { PARTS_WINDOW } from './limits.js';
import type { DeltaPart, Pull, SnapshotPart } from './messages.js';
import { LONG_PER_PART, longStream } from './testing/long-stream.js';

const GENERATION = 7;
const RELEASES_MAX = 4;

let log: OwnLog;

const pullFrom = (version: number, generation = GENERATION): Pull => ({
  kind: 'pull',
  pull: 5,
  held: { generation, version },
});

function partsOf(answer: Answer): (DeltaPart | SnapshotPart)[] {
  const parts: (DeltaPart | SnapshotPart)[] = [];
  for (let part = answer.next(); part !== null; part = answer.next()) parts.push(part);
  return parts;
}

/** Of an answer by changes: from and to which version each part leads. */
const steps = (parts: readonly (DeltaPart | SnapshotPart)[]) =>
  parts.map((part) => (part.kind === 'delta-part' ? [part.delta.from, part.delta.to] : part.kind));

/** So many come and go that the first ones are forgotten. */
function forget(): void {
  for (let index = 0; index <= RELEASES_MAX; index += 1) {
    const { key } = claimOf(`gone${index}`);
    log.claim(claimOf(`gone${index}`));
    log.release(key);
  }
}

beforeEach(() => {
  log = new OwnLog('self', GENERATION, RELEASES_MAX);
  log.setProfile(profileOf('self'));
});

describe('the answer to a pull', () => {
  it('is all that changed after what is held, in parts that build upon each other', () => {
    for (let index = 0; index < 2 * LONG_PER_PART; index += 1) log.claim(claimOf(longStream(index)));
    log.claim(claimOf('last'));
    const parts = partsOf(new Answer(log, pullFrom(1)));
    expect(parts).toMatchObject([
      {
        kind: 'delta-part',
        pull: 5,
        index: 0,
        last: false,
        delta: { member: 'self', generation: GENERATION },
      },
      {
        kind: 'delta-part',
        pull: 5,
        index: 1,
        last: true,
        delta: { member: 'self', generation: GENERATION },
      },
    ]);
    expect(steps(parts)).toEqual([
      [1, 4],
      [4, 8],
    ]);
    const versions = parts.flatMap((part) =>
      part.kind === 'delta-part' ? part.delta.entries.map(({ version }) => version) : [],
    );
    expect(versions).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it('is how the log was when the pull came', () => {
    for (let index = 0; index < 2 * LONG_PER_PART; index += 1) log.claim(claimOf(longStream(index)));
    const answer = new Answer(log, pullFrom(0));
    log.claim(claimOf('meanwhile'));
    log.release(claimOf(longStream(0)).key);
    expect(steps(partsOf(answer))).toEqual([
      [0, 4],
      [4, 7],
    ]);
  });

  it.each([
    ['nothing, up to where the log is, for who holds all of it', pullFrom(2), [2, 2, 0]],
    ['all for who holds an earlier start', pullFrom(1, GENERATION - 1), [0, 2, 2]],
    ['all for who holds a later start, which is not this one', pullFrom(1, GENERATION + 1), [0, 2, 2]],
  ])('is %s', (_, pull, expected) => {
    log.claim(claimOf('s2'));
    const [part, ...more] = partsOf(new Answer(log, pull)) as DeltaPart[];
    expect([part?.delta.from, part?.delta.to, part?.delta.entries.length]).toEqual(expected);
    expect([part?.last, more]).toEqual([true, []]);
  });

  it.each([
    ['from before what is forgotten', forget, 1],
    ['and holds more than there is', () => undefined, 999],
  ])('is a snapshot for who asks %s', (_, prepare, version) => {
    prepare();
    for (let index = 0; index <= LONG_PER_PART; index += 1) log.claim(claimOf(longStream(index)));
    const position = { generation: GENERATION, version: log.version };
    const parts = partsOf(new Answer(log, pullFrom(version))) as SnapshotPart[];
    const claims = Array.from({ length: LONG_PER_PART + 1 }, (_, index) => claimOf(longStream(index)));
    const common = { kind: 'snapshot-part', pull: 5, position };
    // The profile comes once.
    expect(parts).toEqual([
      {
        ...common,
        index: 0,
        last: false,
        profile: profileOf('self'),
        claims: claims.slice(0, LONG_PER_PART),
      },
      { ...common, index: 1, last: true, profile: null, claims: claims.slice(LONG_PER_PART) },
    ]);
  });

  it('is changes from what is just not forgotten', () => {
    forget();
    const from = Array.from({ length: log.version }, (_, version) => version).find((version) =>
      log.reachesBackTo(version),
    );
    expect(from).toBeGreaterThan(0);
    expect(new Answer(log, pullFrom(from ?? 0)).next()?.kind).toBe('delta-part');
    expect(new Answer(log, pullFrom((from ?? 0) - 1)).next()?.kind).toBe('snapshot-part');
  });

  it('stops after each window until the asker has taken it', () => {
    for (let index = 0; index < (PARTS_WINDOW + 2) * LONG_PER_PART; index += 1)
      log.claim(claimOf(longStream(index)));
    const answer = new Answer(log, pullFrom(0));
    for (let parts = 0; parts < PARTS_WINDOW; parts += 1) {
      expect(answer.isDue).toBe(true);
      answer.next();
    }
    expect(answer.isDue).toBe(false);
    answer.more();
    expect(answer.isDue).toBe(true);
    expect(answer.next()).toMatchObject({ index: PARTS_WINDOW });
  });
});
