import type { Claim, Entry, LogPosition, MemberProfile, OwnLog } from '@headwater/directory';
import { PART_BYTES_MAX, PARTS_WINDOW } from './limits.js';
import type { DeltaPart, Pull, SnapshotPart } from './messages.js';
import { claimBytes, entryBytes, fitting } from './wire-size.js';

/**
 * An owner's answer to one pull: its log in parts, `PARTS_WINDOW` of them at a time, so that a slow asker does not grow
 * the owner's queue. What is sent is how the log was when the pull came; what changed since comes as news.
 */
export class Answer {
  readonly pull: number;
  readonly #parts: Iterator<DeltaPart | SnapshotPart>;

  constructor(log: OwnLog, pull: Pull) {
    this.pull = pull.pull;
    const from = pull.held.generation === log.generation ? pull.held.version : 0;
    const delta = from > log.version ? null : log.deltaSince(from);
    if (delta !== null) this.#parts = deltaParts(pull.pull, log, from, delta.to, delta.entries);
    else {
      const { generation, version, profile, claims } = log.snapshot();
      this.#parts = snapshotParts(pull.pull, { generation, version }, profile, claims);
    }
  }

  /** The next window of parts; empty after the last. */
  next(): readonly (DeltaPart | SnapshotPart)[] {
    const parts: (DeltaPart | SnapshotPart)[] = [];
    while (parts.length < PARTS_WINDOW) {
      const part = this.#parts.next();
      if (part.done) break;
      parts.push(part.value);
    }
    return parts;
  }
}

function* deltaParts(
  pull: number,
  log: OwnLog,
  from: number,
  to: number,
  entries: readonly Entry[],
): Generator<DeltaPart> {
  const { member, generation } = log;
  let start = 0;
  let done = from;
  for (let index = 0; ; index += 1) {
    const end = start + fitting(entries, start, entryBytes, PART_BYTES_MAX);
    const last = end >= entries.length;
    const part = entries.slice(start, end);
    const reached = last ? to : (part.at(-1)?.version ?? to);
    yield {
      kind: 'delta-part',
      pull,
      index,
      last,
      delta: { member, generation, from: done, to: reached, entries: part },
    };
    if (last) return;
    start = end;
    done = reached;
  }
}

function* snapshotParts(
  pull: number,
  position: LogPosition,
  profile: MemberProfile | null,
  claims: readonly Claim[],
): Generator<SnapshotPart> {
  let start = 0;
  for (let index = 0; ; index += 1) {
    const end = start + fitting(claims, start, claimBytes, PART_BYTES_MAX);
    const last = end >= claims.length;
    yield {
      kind: 'snapshot-part',
      pull,
      index,
      last,
      position,
      profile: index === 0 ? profile : null,
      claims: claims.slice(start, end),
    };
    if (last) return;
    start = end;
  }
}
