import { type EventLog, seconds } from './event-log.js';
import type { Track } from './frame-mark.js';
import type { MemberStates } from './member-states.js';
import type { Supply } from './supply.js';

/** A player, as far as this looks at it. */
export interface Watched {
  readonly name: string;
  readonly stream: string;
  readonly isGone: boolean;
  /** Nothing came on its present connection yet: where it leads may be a member that hangs. */
  readonly isFresh: boolean;
  /** Since when it has had nothing of this track that it could have had. */
  sinceMs(track: Track): number;
}

export interface BlackScreenOptions {
  readonly log: EventLog;
  readonly supply: Pick<Supply, 'usableSinceMs'>;
  readonly states: MemberStates;
  readonly lateness: { since(atMs: number): number };
  /** What a stream's own make adds to the bound: its GOP, and the lag that members wait for. */
  readonly ownMs: (stream: string) => number;
  /** How often it looks, ms. */
  readonly everyMs?: number;
}

/** The promise: so long after a source is lost, the next one is found. */
const SWITCH_MS = 1500;
/** A busy machine, three members, a harness and all: what is no promise but must be allowed. */
const SLACK_MS = 800;
/** Each process may be as late as this one saw itself to be, at each step of a switch. */
const LATE_STEPS = 3;
/** The mesh notices a member that hangs within three seconds; until then a new player may be sent there. */
const HUNG_MS = 3500;
const EVERY_MS = 50;
/** This process was late itself, by more than this: what came meanwhile is read first. */
const LATE_MS = 100;

interface Black {
  readonly player: string;
  readonly track: Track;
  readonly sinceMs: number;
  readonly boundMs: number;
}

/** Watches that every player has both tracks whenever a source that can be reached has been sending for long enough. */
export class BlackScreens {
  /** The longest that any player was without a track while a source was there, ms. */
  longestMs = 0;
  readonly #options: BlackScreenOptions;
  readonly #black = new Map<string, Black>();
  #lookedMs: number;

  constructor(options: BlackScreenOptions) {
    this.#options = options;
    this.#lookedMs = options.log.nowMs();
  }

  /** Call it every `everyMs`, or 50 ms, or so. */
  look(players: Iterable<Watched>): void {
    const nowMs = this.#options.log.nowMs();
    const lateMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    const isLate = lateMs > (this.#options.everyMs ?? EVERY_MS) + LATE_MS;
    for (const player of players) {
      for (const track of TRACKS) {
        // Those who left are told of once, however late that is.
        if (player.isGone) this.#over(keyOf(player, track), 'until it left');
        else if (!isLate) this.#lookAt(player, track, nowMs);
      }
    }
  }

  /** Ends the watch: who is black still is told. */
  end(): void {
    for (const key of [...this.#black.keys()]) this.#over(key, 'to the end');
  }

  #lookAt(player: Watched, track: Track, nowMs: number): void {
    const { supply, states, lateness, ownMs } = this.#options;
    const key = keyOf(player, track);
    const usableMs = supply.usableSinceMs(player.stream);
    const playerMs = player.sinceMs(track);
    const since = usableMs === null ? nowMs : Math.max(usableMs, playerMs);
    const black = this.#black.get(key);
    // It has media again, or nobody has any.
    if (black !== undefined && since > black.sinceMs)
      this.#over(key, usableMs === null ? 'until no source was left' : 'then it went on');
    const blackMs = nowMs - since;
    this.longestMs = Math.max(this.longestMs, blackMs);
    if (blackMs < SWITCH_MS || this.#black.has(key)) return;
    const hungMs = player.isFresh && states.wasAnyDown(since - HUNG_MS, nowMs) ? HUNG_MS : 0;
    const boundMs = SWITCH_MS + SLACK_MS + ownMs(player.stream) + hungMs + LATE_STEPS * lateness.since(since);
    if (blackMs <= boundMs) return;
    this.#black.set(key, { player: player.name, track, sinceMs: since, boundMs });
    this.#options.log.note(`${key} is black since ${seconds(since)}, ${seconds(boundMs)} s allowed`);
  }

  #over(key: string, how: string): void {
    const black = this.#black.get(key);
    if (black === undefined) return;
    this.#black.delete(key);
    const { player, track, sinceMs, boundMs } = black;
    const { log } = this.#options;
    const lasted = `${seconds(log.nowMs() - sinceMs)} s (${seconds(boundMs)} s allowed)`;
    log.violated('black', player, `${track}: nothing for ${lasted}, ${how}`, sinceMs + boundMs);
  }
}

const TRACKS = ['video', 'audio'] as const;
const keyOf = ({ name }: Watched, track: Track): string => `${name}: ${track}`;
