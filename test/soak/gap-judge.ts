import type { EventLog } from '../chaos/event-log.js';
import { judgeGap } from '../chaos/lost-frames.js';
import type { MemberStates } from '../chaos/member-states.js';
import type { Supply } from '../chaos/supply.js';
import type { PlayerGap } from './visitors.js';

/** By then it is known whether a source went on. */
const KNOWN_MS = 5000;

/** Keeps gaps until it is known who had what, and counts them. */
export class GapJudge {
  gaps = 0;
  /** Frames that players missed, whether or not anybody had them. */
  missed = 0;
  /** Of these, frames that a source had for certain. */
  lost = 0;
  longestMs = 0;
  /** The longest, in pictures. */
  longestPictures = 0;
  /** Frames of a source that a player was put on to, from before the first one that came. */
  sentByNext = 0;
  readonly #waiting: PlayerGap[] = [];
  readonly #world: { readonly supply: Supply; readonly states: MemberStates; readonly log: EventLog };

  constructor(world: { readonly supply: Supply; readonly states: MemberStates; readonly log: EventLog }) {
    this.#world = world;
  }

  add(gaps: readonly PlayerGap[]): void {
    this.#waiting.push(...gaps);
  }

  /** Judges what is old enough, or all. */
  judge(nowMs: number = Number.POSITIVE_INFINITY): void {
    const { supply, states, log } = this.#world;
    const isDue = ({ gap }: PlayerGap): boolean => gap.toMs + KNOWN_MS <= nowMs;
    const due = this.#waiting.filter(isDue);
    const later = this.#waiting.filter((each) => !isDue(each));
    this.#waiting.splice(0, this.#waiting.length, ...later);
    for (const { player, gap } of due) {
      this.gaps += 1;
      this.missed += gap.last - gap.first + 1;
      this.longestMs = Math.max(this.longestMs, gap.toMs - gap.fromMs);
      if (gap.track === 'video')
        this.longestPictures = Math.max(this.longestPictures, gap.last - gap.first + 1);
      const sent = supply.sentByNext(gap.encode, gap.track, gap.first, gap.last);
      this.sentByNext += sent;
      if (sent > 0)
        log.note(
          `${player} misses ${sent} ${gap.track} before ${gap.last + 1} of ${gap.encode} of its next source`,
        );
      this.lost += judgeGap(player, gap, supply, states, log);
    }
  }
}
