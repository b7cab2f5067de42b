import type { MediaInfo, MemberId, PlayProtocol } from '@headwater/directory';
import type { Frame } from '../wire/frame.js';
import type { ReplayWindow } from './replay-window.js';
import type { GoneOn, Predecessor, Succession } from './succession.js';

/** Where a stream's frames come from. */
export type StreamSource =
  | {
      readonly kind: 'publisher';
      readonly remote: string;
      readonly agent: string;
      readonly protocol: PlayProtocol;
    }
  | { readonly kind: 'relay'; readonly from: MemberId };

/** A source's way into the stream. Once another source is attached, or it detached, it does nothing. */
export interface SourceFeed {
  readonly isAttached: boolean;
  push(frame: Frame): void;
  /** The same frames go on, from another member: nothing of the stream or its players changes. */
  comesFrom(source: StreamSource): void;
  /** Nothing more comes. Until `detach`, a relay may go on in its place: `LiveStream.takeOver`. */
  leave(): void;
  detach(): void;
}

/** What a publisher leaves to a relay whose owner has the same frames. */
export interface Legacy {
  /** What the stream was given last, by the stream's timeline; the heir's frames are put on that. */
  readonly delivered: ReplayWindow;
  /** What was added to the publisher's own timestamps. */
  readonly offsetMs: number;
}

export interface Inheritance extends Legacy {
  readonly feed: SourceFeed;
}

export type OnMedia = ((media: MediaInfo) => void) | null;

/** What the seat needs of its stream. */
export interface Seating {
  readonly media: MediaInfo;
  /** A frame of the source. */
  take(frame: Frame): void;
  /** Another source begins. */
  began(): void;
  /** The source is gone, and nothing goes on from what it sent. */
  left(): void;
  /** Frames of the source were left out. */
  skipped(): void;
  /** Gives away what was sent lately; null where nothing is kept. What comes next is by the stream's timeline. */
  bequeath(): Legacy | null;
  /** What comes next goes on from what was sent, by a clock that this puts on the source's. */
  goOnBy(offsetMs: number): void;
  onSourceChanged(hasSource: boolean): void;
}

/**
 * Who feeds a stream: one source at a time, a publisher or a relay. Where the one goes on with the other's frames, the
 * stream notices nothing: a relay inherits from a publisher that left or fell silent, and gives way to one that comes.
 */
export class SourceSeat {
  readonly #stream: Seating;
  #source: StreamSource | null = null;
  #feed: SourceFeed | null = null;
  #onMedia: OnMedia = null;
  /** Of the present source, a relay. */
  #predecessor: Predecessor | null = null;
  /** A publisher that is to follow the relay. */
  #successor: { readonly feed: SourceFeed; readonly succession: Succession; hasRelayEnded: boolean } | null =
    null;

  constructor(stream: Seating) {
    this.#stream = stream;
  }

  get source(): StreamSource | null {
    return this.#source;
  }

  get hasPublisher(): boolean {
    return this.#source?.kind === 'publisher' || this.#successor !== null;
  }

  get isGivingWay(): boolean {
    return this.#successor !== null;
  }

  tellMedia(media: MediaInfo): void {
    this.#onMedia?.(media);
  }

  attach(source: StreamSource, onMedia: OnMedia, predecessor: Predecessor | null): SourceFeed {
    const feed = this.#newFeed();
    if (source.kind === 'relay' && this.hasPublisher) {
      this.#relayEnded();
      return feed;
    }
    if (source.kind === 'publisher' && this.#predecessor !== null && this.#source?.kind === 'relay') {
      this.#follow(this.#predecessor, feed, source, onMedia);
      return feed;
    }
    this.#begin(feed, source, onMedia);
    this.#predecessor = predecessor;
    return feed;
  }

  takeOver(from: MemberId, predecessor: Predecessor): Inheritance | null {
    if (this.#feed === null || this.#source !== null) return null;
    return this.#inherit(from, predecessor);
  }

  stepIn(from: MemberId, predecessor: Predecessor): Inheritance | null {
    const source = this.#source;
    const feed = this.#feed;
    const onMedia = this.#onMedia;
    if (source?.kind !== 'publisher' || feed === null) return null;
    const inheritance = this.#inherit(from, predecessor);
    if (inheritance !== null) this.#follow(predecessor, feed, source, onMedia);
    return inheritance;
  }

  #inherit(from: MemberId, predecessor: Predecessor): Inheritance | null {
    const legacy = this.#stream.bequeath();
    if (legacy === null) return null;
    const feed = this.#newFeed();
    this.#seat(feed, { kind: 'relay', from }, null);
    this.#predecessor = predecessor;
    return { ...legacy, feed };
  }

  #follow(predecessor: Predecessor, feed: SourceFeed, source: StreamSource, onMedia: OnMedia): void {
    this.#successor?.succession.stop();
    const succession = predecessor.giveWay((how) => this.#succeed(feed, source, onMedia, how));
    this.#successor = { feed, succession, hasRelayEnded: false };
  }

  #succeed(feed: SourceFeed, source: StreamSource, onMedia: OnMedia, { frames, offsetMs }: GoneOn): void {
    if (offsetMs === null) {
      this.#begin(feed, source, onMedia);
    } else {
      this.#seat(feed, source, onMedia);
      this.#stream.goOnBy(offsetMs);
      this.#stream.onSourceChanged(true);
      onMedia?.(this.#stream.media);
    }
    for (const frame of frames) feed.push(frame);
  }

  #begin(feed: SourceFeed, source: StreamSource, onMedia: OnMedia): void {
    this.#leave();
    this.#seat(feed, source, onMedia);
    this.#stream.began();
    this.#stream.onSourceChanged(true);
  }

  #seat(feed: SourceFeed | null, source: StreamSource | null, onMedia: OnMedia): void {
    this.#feed = feed;
    this.#source = source;
    this.#onMedia = onMedia;
    this.#predecessor = null;
    this.#successor = null;
  }

  #leave(): void {
    this.#seat(null, null, null);
    this.#stream.left();
  }

  /** The publisher that was to follow decides now how it does. */
  #relayEnded(): void {
    if (this.#successor === null) return;
    this.#successor.hasRelayEnded = true;
    this.#successor.succession.relayEnded();
  }

  /** The publisher has gone before it followed: the relay has the stream as before, if it is still there. */
  #forgetSuccessor(): void {
    const successor = this.#successor;
    if (successor === null) return;
    successor.succession.stop();
    this.#successor = null;
    if (successor.hasRelayEnded) {
      this.#leave();
      this.#stream.onSourceChanged(false);
    } else if (successor.succession.isRelayOver) {
      this.#stream.skipped();
    }
  }

  #newFeed(): SourceFeed {
    const seat = this;
    const feed: SourceFeed = {
      get isAttached() {
        return seat.#feed === feed;
      },
      push(frame) {
        const successor = seat.#successor;
        if (successor?.feed === feed) successor.succession.take(frame);
        else if (seat.#feed === feed && successor?.succession.isRelayOver !== true) seat.#stream.take(frame);
      },
      comesFrom(next) {
        if (seat.#feed === feed) seat.#source = next;
      },
      leave() {
        if (seat.#successor?.feed === feed) seat.#forgetSuccessor();
        else if (seat.#feed === feed) seat.#source = null;
      },
      detach() {
        if (seat.#successor?.feed === feed) seat.#forgetSuccessor();
        if (seat.#feed !== feed) return;
        if (seat.#successor !== null) {
          seat.#relayEnded();
          return;
        }
        seat.#leave();
        seat.#stream.onSourceChanged(false);
      },
    };
    return feed;
  }
}
