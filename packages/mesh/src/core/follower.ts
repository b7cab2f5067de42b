import {
  type Applied,
  comparePositions,
  type Delta,
  type Directory,
  type LogPosition,
  type MemberId,
  type MemberProfile,
  OwnersChange,
  type StagedSnapshot,
} from '@headwater/directory';
import {
  GAP_PATIENCE_MS,
  PARTS_WINDOW,
  PENDING_DELTAS_MAX,
  PENDING_PER_STEP,
  PULL_DEADLINE_MS,
  REFUSED_LOG_PAUSE_MS,
  SHORT_ANSWER_PAUSE_MS,
} from './limits.js';
import type { DeltaPart, Pull, SnapshotPart } from './messages.js';

/** What some words of a member changed here. */
export interface Taken {
  readonly changed: OwnersChange;
  /** The member's profile came or changed. */
  readonly isProfileNew: boolean;
  /** The member claims more than anybody may. */
  readonly isRefused: boolean;
}

interface PullUnderWay {
  readonly id: number;
  /** How far the member had said that its log is when it was asked. */
  readonly told: LogPosition;
  deadlineAt: number;
  /** Of a snapshot: what came so far. */
  snapshot: {
    readonly position: LogPosition;
    readonly profile: MemberProfile | null;
    readonly staged: StagedSnapshot;
    parts: number;
  } | null;
}

/**
 * Follows the log of one other member: news as they come, in whatever order, and pulls from the owner where something
 * is missing. One pull at a time; what is incomplete is asked for again.
 */
export class Follower {
  readonly #member: MemberId;
  readonly #directory: Directory;
  /** The furthest that the member itself said its log is. */
  #told: LogPosition = { generation: 0, version: 0 };
  #behindSince: number | null = null;
  #pausedUntil = 0;
  #isAnsweredShort = false;
  #pending: Delta[] = [];
  #isPendingDue = false;
  #pull: PullUnderWay | null = null;

  /** Deltas kept that wait for those that they build upon. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Some of them can be taken now: `takePending` goes on with it. */
  get isPendingDue(): boolean {
    return this.#isPendingDue;
  }

  constructor(member: MemberId, directory: Directory) {
    this.#member = member;
    this.#directory = directory;
  }

  /** Holds all that the member has, also where that is less than it told. */
  get isWhole(): boolean {
    return !this.isBehind || this.#isAnsweredShort;
  }

  get isBehind(): boolean {
    return comparePositions(this.#told, this.#directory.position(this.#member)) > 0;
  }

  /** The member says that its log is so far. A newer generation voids all that is held of older ones, at once. */
  told(position: LogPosition, now: number): Taken {
    if (comparePositions(position, this.#told) > 0) this.#told = position;
    const { generation } = position;
    const taken =
      generation > this.#directory.position(this.#member).generation
        ? this.#took(
            this.#directory.apply({ member: this.#member, generation, from: 0, to: 0, entries: [] }),
            false,
            now,
          )
        : NOTHING;
    this.#note(now);
    return taken;
  }

  /** A delta that came as news. Where others must come before it, it waits for them. */
  news(delta: Delta, now: number): Taken {
    const position = { generation: delta.generation, version: delta.to };
    if (comparePositions(position, this.#told) > 0) this.#told = position;
    const taken = this.#apply(delta, now);
    this.#note(now);
    return taken;
  }

  /** Part of the answer to a pull. `more`: the sender waits for a word before it goes on. */
  part(part: DeltaPart | SnapshotPart, now: number): Taken & { readonly more: boolean } {
    const pull = this.#pull;
    const isAwaited = pull !== null && part.pull === pull.id;
    if (isAwaited) pull.deadlineAt = now + PULL_DEADLINE_MS;
    let taken = NOTHING;
    if (part.kind === 'delta-part') taken = this.#apply(part.delta, now);
    else if (isAwaited) taken = this.#collect(pull, part, now);
    if (isAwaited && part.last) this.#answered(pull, part, now);
    this.#note(now);
    return { ...taken, more: isAwaited && !part.last && part.index % PARTS_WINDOW === PARTS_WINDOW - 1 };
  }

  /** The pull to send now, or null where none is needed or one is under way. `isUrgent`: do not wait for late news. */
  nextPull(id: number, isUrgent: boolean, now: number): Pull | null {
    if (this.#pull !== null && now >= this.#pull.deadlineAt) this.#endPull();
    if (this.#pull !== null || now < this.#pausedUntil || !this.isBehind) return null;
    // What is missing may be here already.
    if (this.#isPendingDue) return null;
    if (!isUrgent && now - (this.#behindSince ?? now) < GAP_PATIENCE_MS) return null;
    this.#pull = { id, told: this.#told, deadlineAt: now + PULL_DEADLINE_MS, snapshot: null };
    return { kind: 'pull', pull: id, held: this.#directory.position(this.#member) };
  }

  /** The connection is gone: nobody will answer. */
  abandon(): void {
    this.#endPull();
    this.#pending = [];
    this.#isPendingDue = false;
  }

  /** Takes some of the deltas that waited for those that they build upon. */
  takePending(now: number): Taken {
    const taken = this.#applyPending(now);
    this.#note(now);
    return taken;
  }

  excuse(stalledMs: number): void {
    if (this.#pull !== null) this.#pull.deadlineAt += stalledMs;
  }

  /** Whose answer ends before what it had told would be asked again at once, and again, for ever. */
  #answered({ told }: PullUnderWay, part: DeltaPart | SnapshotPart, now: number): void {
    this.#endPull();
    const end =
      part.kind === 'delta-part'
        ? { generation: part.delta.generation, version: part.delta.to }
        : part.position;
    this.#isAnsweredShort = comparePositions(told, end) > 0;
    if (this.#isAnsweredShort) this.#pausedUntil = Math.max(this.#pausedUntil, now + SHORT_ANSWER_PAUSE_MS);
  }

  #note(now: number): void {
    this.#behindSince = this.isBehind ? (this.#behindSince ?? now) : null;
  }

  #apply(delta: Delta, now: number): Taken {
    const applied = this.#directory.apply(delta);
    if (applied.outcome === 'gap') this.#keep(delta);
    const taken = this.#took(applied, hasProfile(delta), now);
    return applied.outcome === 'applied' ? join(taken, this.#applyPending(now)) : taken;
  }

  #keep(delta: Delta): void {
    if (this.#pending.length >= PENDING_DELTAS_MAX) this.#pending.shift();
    this.#pending.push(delta);
  }

  #applyPending(now: number): Taken {
    let taken = NOTHING;
    let left = PENDING_PER_STEP;
    // In the order in which they build upon each other, so that one look at each is enough.
    const waiting = this.#pending.sort((a, b) => a.generation - b.generation || a.from - b.from);
    this.#pending = [];
    this.#isPendingDue = false;
    for (const delta of waiting) {
      if (left <= 0 && this.#isNext(delta)) {
        this.#isPendingDue = true;
        this.#pending.push(delta);
        continue;
      }
      const applied = this.#directory.apply(delta);
      if (applied.outcome === 'gap') this.#pending.push(delta);
      else if (applied.outcome === 'applied') left -= delta.entries.length;
      taken = join(taken, this.#took(applied, hasProfile(delta), now));
    }
    return taken;
  }

  #isNext({ generation, from, to }: Delta): boolean {
    const held = this.#directory.position(this.#member);
    return comparePositions({ generation, version: to }, held) > 0 && from <= held.version;
  }

  #collect(pull: PullUnderWay, part: SnapshotPart, now: number): Taken {
    if (part.index === 0) pull.snapshot = this.#begin(part);
    const { snapshot } = pull;
    if (snapshot === null || part.index !== snapshot.parts) return NOTHING;
    snapshot.parts += 1;
    if (!snapshot.staged.add(part.claims)) {
      this.#endPull();
      return this.#took({ outcome: 'refused', changed: new OwnersChange() }, false, now);
    }
    if (!part.last) return NOTHING;
    const { position, profile, staged } = snapshot;
    const applied = staged.commit({ member: this.#member, ...position, profile });
    return join(this.#took(applied, true, now), this.#applyPending(now));
  }

  #begin({ position, profile }: SnapshotPart): PullUnderWay['snapshot'] {
    const staged = this.#directory.stage(this.#member);
    return staged && { position, profile, staged, parts: 0 };
  }

  #endPull(): void {
    this.#pull?.snapshot?.staged.discard();
    this.#pull = null;
  }

  #took(applied: Applied, hasProfileIn: boolean, now: number): Taken {
    const isRefused = applied.outcome === 'refused';
    if (isRefused) this.#pausedUntil = now + REFUSED_LOG_PAUSE_MS;
    return {
      changed: applied.changed,
      isProfileNew: hasProfileIn && applied.outcome === 'applied',
      isRefused,
    };
  }
}

const NOTHING: Taken = { changed: new OwnersChange(), isProfileNew: false, isRefused: false };

function join(a: Taken, b: Taken): Taken {
  if (b === NOTHING) return a;
  const changed = new OwnersChange();
  changed.join(a.changed);
  changed.join(b.changed);
  return {
    changed,
    isProfileNew: a.isProfileNew || b.isProfileNew,
    isRefused: a.isRefused || b.isRefused,
  };
}

const hasProfile = (delta: Delta): boolean => delta.entries.some((entry) => entry.kind === 'profile');
