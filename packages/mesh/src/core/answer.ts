import type { Claim, Entry, LogCut, OwnLog } from '@headwater/directory';
import { PART_BYTES_MAX, PARTS_WINDOW } from './limits.js';
import type { DeltaPart, Pull, SnapshotPart } from './messages.js';
import { claimBytes, entryBytes, Parts } from './wire-size.js';

/**
 * An owner's answer to one pull: its log in parts, `PARTS_WINDOW` of them until the asker says that it has taken those, so
 * that a slow asker does not grow the owner's queue. What is sent is how the log was when the pull came; what changed since
 * comes as news. Each part is made when it is taken.
 */
export class Answer {
  readonly pull: number;
  readonly #parts: Iterator<DeltaPart | SnapshotPart>;
  #windowLeft = PARTS_WINDOW;

  constructor(log: OwnLog, { pull, held }: Pull) {
    this.pull = pull;
    const from = held.generation === log.generation ? held.version : 0;
    this.#parts =
      from <= log.version && log.reachesBackTo(from)
        ? deltaParts(pull, log, from, log.cut(from))
        : snapshotParts(pull, log, log.cut());
  }

  /** Whether a part may go out now. */
  get isDue(): boolean {
    return this.#windowLeft > 0;
  }

  /** The asker has taken the last window. */
  more(): void {
    this.#windowLeft = PARTS_WINDOW;
  }

  /** The next part; null after the last. */
  next(): DeltaPart | SnapshotPart | null {
    const part = this.#parts.next();
    this.#windowLeft -= 1;
    return part.done === true ? null : part.value;
  }
}

function* deltaParts(pull: number, log: OwnLog, from: number, cut: LogCut): Generator<DeltaPart> {
  const { member, generation } = log;
  const parts = new Parts<Entry>(cut.entries(), entryBytes, PART_BYTES_MAX);
  let done = from;
  for (let index = 0; ; index += 1) {
    const { items: entries, last } = parts.next();
    const to = last ? cut.version : (entries.at(-1)?.version ?? cut.version);
    yield { kind: 'delta-part', pull, index, last, delta: { member, generation, from: done, to, entries } };
    if (last) return;
    done = to;
  }
}

function* snapshotParts(pull: number, log: OwnLog, cut: LogCut): Generator<SnapshotPart> {
  const position = { generation: log.generation, version: cut.version };
  const parts = new Parts<Claim>(claimsOf(cut), claimBytes, PART_BYTES_MAX);
  for (let index = 0; ; index += 1) {
    const { items: claims, last } = parts.next();
    const profile = index === 0 ? cut.profile : null;
    yield { kind: 'snapshot-part', pull, index, last, position, profile, claims };
    if (last) return;
  }
}

function* claimsOf(cut: LogCut): Generator<Claim> {
  for (const entry of cut.entries()) if (entry.kind === 'claim') yield entry.claim;
}
