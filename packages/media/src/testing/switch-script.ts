import type { RelayOwner } from '../stream/relay-owner.js';
import {
  type Match,
  type SourceId,
  SourceSwitch,
  type SwitchAction,
  type SwitchEvent,
  type SwitchRules,
} from '../stream/source-switch.js';
import type { Frame } from '../wire/frame.js';
import { INTER } from './frames.js';
import { ownerOf } from './stream-world.js';

const RULES = { stallMs: 1500, connectMs: 3000, retryMs: 700, lagMs: 1000, lingerMs: 800, replayMs: 6000 };
const START_MS = 50_000;

function wayOf({ member, through, worker }: RelayOwner): string {
  if (worker !== undefined) return `worker ${worker.worker}`;
  return through ? `${member} through ${through}` : member;
}

/** What is done, as a line. */
function lineOf(action: SwitchAction): string {
  switch (action.kind) {
    case 'open':
      return `open ${action.source} to ${wayOf(action.owner)}: ${action.reason}${action.isReplayed ? ', replayed' : ''}`;
    case 'close':
      return `close ${action.source}: ${action.reason}`;
    case 'search':
      return `search ${action.source}`;
    case 'switch':
      return `switch to ${action.source}, ${action.how}${action.isSilent ? ', silent' : ''}${action.from === null ? '' : `, from ${action.from}`}`;
    case 'detach':
      return 'detach';
    case 'flow':
      return `${action.source} ${action.isFlowing ? 'flows' : 'is silent'}`;
    case 'stalled':
      return `${action.isLost ? 'lost' : 'waits for'} ${action.source}: ${action.reason}, ${action.silentMs} ms`;
    case 'lags':
      return `${action.source} lags ${action.lagMs} ms`;
  }
}

/** A stream's decisions, with their times from the start on. */
export class SwitchScript {
  readonly state: SourceSwitch;
  nowMs = START_MS;
  /** What searches find in a source; nothing where it is not told. */
  readonly matches = new Map<SourceId, Match>();
  searchCostMs = 0;
  wakes = 0;
  #done: string[] = [];

  constructor(rules: Partial<SwitchRules> = {}) {
    this.state = new SourceSwitch({ ...RULES, ...rules });
  }

  /** What was done since this was asked last. */
  get done(): string[] {
    return this.#done.splice(0);
  }

  step(event: SwitchEvent): void {
    this.#carryOut(this.state.step(event, this.nowMs));
  }

  owners(...owners: readonly RelayOwner[]): void {
    this.step({ kind: 'owners', owners });
  }

  players(count: number): void {
    this.step({ kind: 'players', count });
  }

  publish(): SourceId {
    const source = this.state.newId();
    this.step({ kind: 'published', source });
    return source;
  }

  answer(source: SourceId, isReplayed = false): void {
    this.step({ kind: 'answered', source, isReplayed });
  }

  replayed(source: SourceId): void {
    this.step({ kind: 'replayed', source });
  }

  close(source: SourceId, reason = 'broken', isOver = false, detours?: readonly string[]): void {
    this.step({ kind: 'closed', source, reason, isOver, ...(detours === undefined ? {} : { detours }) });
  }

  /** So many frames at once, as a replay brings them. */
  frames(source: SourceId, count = 1, isReady = true): void {
    for (let i = 0; i < count; i += 1) this.media(source, INTER(this.nowMs - 40 * (count - 1 - i)), isReady);
  }

  media(source: SourceId, frame: Frame, isReady = true): void {
    this.#carryOut(this.state.media(source, frame, isReady, this.nowMs));
  }

  /** A frame every 40 ms from each of them. */
  flow(ms: number, ...sources: readonly SourceId[]): void {
    for (let passed = 0; passed < ms; passed += 40) {
      this.pass(40);
      for (const source of sources) this.frames(source);
    }
  }

  /** Time passes; whatever is due is done when it is. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.state.wakeMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.state.wakeMs);
      this.wakes += 1;
      this.step({ kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  /** A player plays what comes from `a`, a frame each 40 ms, up to 400 ms. */
  relayOf(...owners: readonly RelayOwner[]): SourceId {
    this.players(1);
    this.owners(...owners);
    this.answer(1);
    this.frames(1);
    this.flow(400, 1);
    return 1;
  }

  /** Likewise of a publisher here. */
  publisherOf(...owners: readonly RelayOwner[]): SourceId {
    this.players(1);
    const publisher = this.publish();
    this.frames(publisher);
    this.owners(...owners);
    this.flow(400, publisher);
    return publisher;
  }

  #carryOut(actions: readonly SwitchAction[]): void {
    for (const action of actions) {
      this.#done.push(`${this.nowMs - START_MS} ${lineOf(action)}`);
      if (action.kind !== 'search') continue;
      const { source } = action;
      const match = this.matches.get(source) ?? { kind: 'none' };
      this.step({ kind: 'matched', source, match, costMs: this.searchCostMs });
    }
  }
}

export const EXACT: Match = { kind: 'exact', hasNext: true };
export const REACHED: Match = { kind: 'exact', hasNext: false };
/** It needs so much more time to catch up, ms. */
export const behind = (lagMs: number): Match => ({ kind: 'behind', lagMs });

export const A = ownerOf('a');
export const B = ownerOf('b');
export const C = ownerOf('c');
