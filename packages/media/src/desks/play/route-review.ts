import { Slice } from '@headwater/directory';
import type { Play, StreamPlays } from './play.js';

/** Plays whose route is looked at again in one slice, whatever the clock says. */
const PLAYS_MIN = 64;

/** Plays that can't be redirected, of which so many count as one in a slice. */
const PASSED_OVER_MAX = 256;

/** What a review leads to. None of these throws. */
export interface RouteReviewParts {
  /** Whether it could be redirected at all, which costs next to nothing to ask. */
  canRedirect(play: Play): boolean;
  /** Redirects it where that is its route now. */
  redirect(stream: StreamPlays, play: Play): void;
  /** Lets it go on by the route that is right now. */
  settle(stream: StreamPlays, play: Play): void;
  /** Whoever is to be redirected is gone: the stream may hear of its owners. */
  onRedirected(stream: StreamPlays): void;
  /** All have been looked at. */
  onSettled(stream: StreamPlays): void;
}

/**
 * Looks again at the routes of all plays of a stream. Where they are thousands, at the first of them at once, and at the
 * others in slices, in turn with other streams. Who is redirected needs no relay, and none is to be opened for it: so
 * first all those are redirected, then the stream hears of its owners, and then all plays are looked at.
 */
export class RouteReview {
  readonly #parts: RouteReviewParts;
  /** Streams whose turn comes again, the next first. */
  readonly #waiting = new Set<StreamPlays>();
  #next: NodeJS.Immediate | null = null;

  constructor(parts: RouteReviewParts) {
    this.#parts = parts;
  }

  /** The stream's publisher or owners changed. */
  ownersChanged(stream: StreamPlays): void {
    // Where that goes on already, all plays are looked at after it anyway: begun anew with each change it might never end.
    stream.unreviewed.redirecting ??= stream.plays.values();
    this.#takeTurn(stream);
  }

  /** What the stream has to feed its plays changed: nobody has to be redirected first. */
  sourceChanged(stream: StreamPlays): void {
    stream.unreviewed.settling = stream.plays.values();
    this.#takeTurn(stream);
  }

  /** The stream has no play any more. Whatever it was to hear of its owners it hears now. */
  end(stream: StreamPlays): void {
    this.#waiting.delete(stream);
    if (stream.unreviewed.redirecting !== null) this.#endRedirecting(stream);
  }

  stop(): void {
    if (this.#next !== null) clearImmediate(this.#next);
    this.#waiting.clear();
  }

  /** Looks at some plays of a stream; the others' turn comes after that of other streams. */
  #takeTurn(stream: StreamPlays): void {
    this.#waiting.delete(stream);
    const isDone = this.#redirectSome(stream) && this.#settleSome(stream);
    if (!isDone) this.#waiting.add(stream);
    if (this.#waiting.size > 0) this.#next ??= setImmediate(() => this.#takeNextTurn());
  }

  #takeNextTurn(): void {
    this.#next = null;
    const [first] = this.#waiting;
    if (first !== undefined) this.#takeTurn(first);
  }

  /** True where nobody is left who might be redirected: then the stream has heard of its owners. */
  #redirectSome(stream: StreamPlays): boolean {
    const slice = new Slice(() => performance.now(), PLAYS_MIN);
    const { unreviewed } = stream;
    while (unreviewed.redirecting !== null) {
      if (slice.isOver) return false;
      const play = this.#nextToRedirect(unreviewed.redirecting);
      if (play === 'none') this.#endRedirecting(stream);
      else if (play !== null) this.#parts.redirect(stream, play);
    }
    return true;
  }

  /** Passes over those who can't be redirected. Null: some of these, and there are more. */
  #nextToRedirect(plays: Iterator<Play>): Play | null | 'none' {
    for (let left = PASSED_OVER_MAX; left > 0; left -= 1) {
      const next = plays.next();
      if (next.done === true) return 'none';
      if (this.#parts.canRedirect(next.value)) return next.value;
    }
    return null;
  }

  #endRedirecting(stream: StreamPlays): void {
    stream.unreviewed.redirecting = null;
    stream.unreviewed.settling = stream.plays.values();
    this.#parts.onRedirected(stream);
  }

  /** True where all have been looked at. */
  #settleSome(stream: StreamPlays): boolean {
    const slice = new Slice(() => performance.now(), PLAYS_MIN);
    while (!slice.isOver) {
      // What is done for one play may lead to all of them being looked at anew.
      const next = stream.unreviewed.settling?.next();
      if (next === undefined || next.done === true) {
        stream.unreviewed.settling = null;
        this.#parts.onSettled(stream);
        return true;
      }
      this.#parts.settle(stream, next.value);
    }
    return false;
  }
}
