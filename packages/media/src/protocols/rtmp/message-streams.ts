import type { StreamKey } from '@headwater/directory';
import type { Admission } from '../admission.js';

/** Message streams that a connection may have at once: each may be a publish that the whole mesh is told of. */
export const STREAMS_MAX = 8;

/** Said to who wants one more. */
export const TOO_MANY_STREAMS = `a connection has at most ${STREAMS_MAX} streams; delete one, or open another connection`;

/** What a message stream is used for: a publish or a play, or one that is being asked for. */
export interface StreamActivity {
  readonly key: StreamKey;
  /** The client ended it, or is gone. */
  close(): void;
}

/** What `createStream` makes (RTMP 1.0, 7.2.1.3): a place for one publish or play at a time. */
export class MessageStream {
  readonly id: number;
  /** The id by which its publish or play was asked for: another one where the client never created it. */
  askedAs: number;
  activity: StreamActivity | null = null;
  /** Of the activity; null for members' pulls. */
  admission: Admission | null = null;
  /** By `receiveAudio` and `receiveVideo`, which may come before the play. */
  takesAudio = true;
  takesVideo = true;

  constructor(id: number) {
    this.id = id;
    this.askedAs = id;
  }
}

/**
 * The message streams of one connection. Encoders and players that send on id 0, or on one that they never created, are
 * understood as long as it is clear what they mean; a stream that was deleted is never taken for another one.
 */
export class MessageStreams {
  readonly #streams = new Map<number, MessageStream>();
  /** The highest id there has been. */
  #idMax = 0;

  /** Those with a publish or play. */
  get active(): MessageStream[] {
    return [...this.#streams.values()].filter(({ activity }) => activity !== null);
  }

  /** Whether anything is published or played, but on this one. */
  hasActive(but: MessageStream | null = null): boolean {
    for (const stream of this.#streams.values()) if (stream.activity !== null && stream !== but) return true;
    return false;
  }

  /** A new stream, with the lowest id that is free; null where there are `STREAMS_MAX`. */
  create(): MessageStream | null {
    let id = 1;
    while (this.#streams.has(id)) id += 1;
    return this.#add(id);
  }

  /**
   * The stream to begin a publish or play on: the one of this id, created anew where it was deleted; for an id that never
   * was, the last one, or a first. Null where there are too many.
   */
  open(id: number): MessageStream | null {
    const stream = this.#toOpen(id);
    if (stream !== null) stream.askedAs = id;
    return stream;
  }

  #toOpen(id: number): MessageStream | null {
    const named = this.#streams.get(id);
    if (named !== undefined) return named;
    if (this.#wasCreated(id)) return this.#add(id);
    return [...this.#streams.values()].at(-1) ?? this.create();
  }

  /**
   * The stream that a command is about: the one of this id; for an id that never was, the one that was begun by it, and for
   * 0 the only one that is meant. What a stranger's id names is nobody's.
   */
  named(id: number, isMeant: (stream: MessageStream) => boolean): MessageStream | undefined {
    const isNamed = (stream: MessageStream) => isMeant(stream) && (id === 0 || stream.askedAs === id);
    return this.find(id, isNamed);
  }

  /** The stream that a frame is of: the one of this id; for an id that never was, the only one that is meant. */
  find(id: number, isMeant: (stream: MessageStream) => boolean): MessageStream | undefined {
    const named = this.#streams.get(id);
    if (named !== undefined || this.#wasCreated(id)) return named;
    const [meant, another] = [...this.#streams.values()].filter(isMeant);
    return another === undefined ? meant : undefined;
  }

  delete(stream: MessageStream): void {
    this.#streams.delete(stream.id);
  }

  #wasCreated(id: number): boolean {
    return id >= 1 && id <= this.#idMax;
  }

  #add(id: number): MessageStream | null {
    if (this.#streams.size >= STREAMS_MAX) return null;
    const stream = new MessageStream(id);
    this.#streams.set(id, stream);
    this.#idMax = Math.max(this.#idMax, id);
    return stream;
  }
}
