import { OwnLog } from '@headwater/directory';
import { claimOf } from '@headwater/testing/claim-of';
import { beforeEach, describe, expect, it } from 'vitest';
import { Answering } from './answering.js';
import { PARTS_WINDOW, PULLS_PER_SECOND_MAX } from './limits.js';
import type { Pull } from './messages.js';
import { LONG_PER_PART, longStream } from './testing/long-stream.js';

const pull = (id: number): Pull => ({ kind: 'pull', pull: id, held: { generation: 1, version: 0 } });

/** A log whose answer has so many parts. */
function logOf(parts: number): OwnLog {
  const log = new OwnLog('self', 1, 9);
  for (let index = 0; index < parts * LONG_PER_PART; index += 1) log.claim(claimOf(longStream(index)));
  return log;
}

describe('how pulls of one member are answered', () => {
  let answering: Answering;

  /** All that may go out now: which part of which pull. */
  function sent(): [pull: number, index: number][] {
    const parts: [number, number][] = [];
    while (answering.isDue) {
      const part = answering.next();
      if (part !== null) parts.push([part.pull, part.index]);
    }
    return parts;
  }

  beforeEach(() => {
    answering = new Answering();
  });

  it('allows no more than so many in a second', () => {
    for (let pulls = 0; pulls < PULLS_PER_SECOND_MAX; pulls += 1) expect(answering.allows(5_000)).toBe(true);
    expect(answering.allows(5_000)).toBe(false);
    expect(answering.allows(5_000 + 1_000 / PULLS_PER_SECOND_MAX)).toBe(true);
  });

  it('has nothing to send before a pull', () => {
    expect([answering.isDue, answering.next(), answering.more(1)]).toEqual([false, null, false]);
  });

  it('sends all parts, and is done then', () => {
    answering.begin(logOf(3), pull(1));
    expect(sent()).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
    expect([answering.isDue, answering.next(), answering.more(1)]).toEqual([false, null, false]);
  });

  it('goes on with the last pull alone', () => {
    answering.begin(logOf(3), pull(1));
    answering.next();
    answering.begin(logOf(2), pull(2));
    expect(sent()).toEqual([
      [2, 0],
      [2, 1],
    ]);
  });

  it('sends no more than a window until that is taken, by a word about this pull', () => {
    answering.begin(logOf(PARTS_WINDOW + 1), pull(2));
    expect(sent()).toHaveLength(PARTS_WINDOW);
    expect(answering.next()).toBeNull();
    expect([answering.more(1), answering.isDue]).toEqual([false, false]);
    expect([answering.more(2), answering.isDue]).toEqual([true, true]);
    expect(sent()).toEqual([[2, PARTS_WINDOW]]);
  });

  it('ends with the connection', () => {
    answering.begin(logOf(3), pull(1));
    answering.next();
    answering.disconnected();
    expect([answering.isDue, answering.next(), answering.more(1)]).toEqual([false, null, false]);
  });
});
