import type { MediaEvent } from '../media-event.js';
import type { Player } from '../stream/player.js';
import { type Figures, type HistogramFigures, Tally } from './tally.js';

/** What media has done since the start of its process, and holds at the moment. Plain data. */
export interface MediaFigures {
  readonly totals: Figures<number>;
  readonly histograms: Figures<HistogramFigures>;
  /** As it is now. */
  readonly gauges: Figures<number>;
}

/** Totals, with the labels that each has. */
export const MEDIA_TOTALS = {
  routes: ['route', 'reason'],
  refusals: ['action', 'reason'],
  joins: ['protocol'],
  publishes: ['protocol'],
  publishEnds: ['reason'],
  disconnects: ['reason'],
  /** Of players that take too little, by the limit that was gone over. */
  framesDropped: ['limit'],
  switches: ['kind'],
  spliceSearches: ['result'],
  relayStarts: ['reason'],
  relayEnds: ['reason'],
  /** From a `publisher`, a `relay` or a `worker` of the same member. */
  bytesIn: ['source'],
  bytesOut: [],
  forwards: ['event'],
  verdicts: ['action', 'outcome'],
  hookCalls: ['event', 'outcome'],
} as const satisfies Record<string, readonly string[]>;

/** Upper bounds of the histograms, s, and their labels. */
export const MEDIA_HISTOGRAMS = {
  firstFrame: { labels: ['protocol'], bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
  switchGap: { labels: ['kind'], bounds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10] },
  hookTime: { labels: ['event'], bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
} as const satisfies Record<
  string,
  { readonly labels: readonly string[]; readonly bounds: readonly number[] }
>;

export const MEDIA_GAUGES = {
  players: ['protocol', 'kind'],
  queueBytes: [],
  /** Of media, for who comes later. */
  keptBytes: [],
  forwards: [],
  relays: [],
  /** Streams that relays feed: `direct` from their owner, or `through` another member. */
  relayWays: ['way'],
} as const satisfies Record<string, readonly string[]>;

export type MediaTotal = keyof typeof MEDIA_TOTALS;
type MediaHistogram = keyof typeof MEDIA_HISTOGRAMS;

const BOUNDS: Readonly<Record<MediaHistogram, readonly number[]>> = {
  firstFrame: MEDIA_HISTOGRAMS.firstFrame.bounds,
  switchGap: MEDIA_HISTOGRAMS.switchGap.bounds,
  hookTime: MEDIA_HISTOGRAMS.hookTime.bounds,
};

/** Waiting players that are remembered; of those beyond it the time to the first frame is counted from their beginning. */
const WAITING_MAX = 100_000;

/** Counts what the media of one process does, mostly from its events. Costs a few map look-ups for each. */
export class MediaTally {
  readonly #tally = new Tally<MediaTotal, MediaHistogram>(BOUNDS);
  /** Plays that waited for a publisher: how long is no merit or fault of this program. */
  readonly #waiting = new Set<string>();
  #relays = 0;

  constructor() {
    // What alerts look at is there from the start: a rate needs a value before the first event.
    for (const kind of ['exact', 'start']) this.#tally.add('switches', kind, 0);
    for (const event of ['started', 'moved', 'lost', 'failed']) this.#tally.add('forwards', event, 0);
    for (const kind of ['exact', 'start']) this.#tally.begin('switchGap', kind);
    this.#tally.add('disconnects', 'stuck', 0);
    for (const result of ['exact', 'behind', 'none']) this.#tally.add('spliceSearches', result, 0);
  }

  take(event: MediaEvent): void {
    const tally = this.#tally;
    switch (event.kind) {
      case 'route-given':
        tally.add('routes', `${event.route} ${event.reason}`);
        if (event.route === 'wait' && this.#waiting.size < WAITING_MAX) this.#waiting.add(event.id);
        return;
      case 'play-refused':
        this.#waiting.delete(event.id);
        tally.add('refusals', `play ${event.reason}`);
        return;
      case 'play-ended':
        this.#waiting.delete(event.id);
        return;
      case 'publish-refused':
        tally.add('refusals', `publish ${event.reason}`);
        return;
      case 'publish-started':
        tally.add('publishes', event.protocol);
        return;
      case 'publish-ended':
        tally.add('publishEnds', event.reason);
        return;
      case 'relay-started':
        this.#relays += 1;
        tally.add('relayStarts', event.reason);
        return;
      case 'relay-ended':
        this.#relays -= 1;
        tally.add('relayEnds', event.reason);
        return;
      case 'relay-switched': {
        // From nobody to somebody is a beginning.
        if (event.from === null) return;
        const kind = event.isExact ? 'exact' : 'start';
        tally.add('switches', kind);
        tally.observe('switchGap', kind, event.gapMs / 1000);
      }
    }
  }

  /** A player is about to get its first bytes of media. `nowMs`: Unix ms. */
  began({ id, protocol, sinceMs }: Pick<Player, 'id' | 'protocol' | 'sinceMs'>, nowMs: number): void {
    this.#tally.add('joins', protocol);
    if (!this.#waiting.delete(id))
      this.#tally.observe('firstFrame', protocol, Math.max(0, nowMs - sinceMs) / 1000);
  }

  hookCalled(event: string, outcome: string, tookMs: number): void {
    this.#tally.add('hookCalls', `${event} ${outcome}`);
    this.#tally.observe('hookTime', event, tookMs / 1000);
  }

  add(name: MediaTotal, labels: string, count?: number): void {
    this.#tally.add(name, labels, count);
  }

  /** `more`: totals that are kept elsewhere. `gauges`: what is counted now. */
  figures(more: Figures<number>, gauges: Figures<number>): MediaFigures {
    return {
      totals: { ...this.#tally.totals(), ...more },
      histograms: this.#tally.histograms(),
      gauges: { ...gauges, relays: { '': Math.max(0, this.#relays) } },
    };
  }
}
