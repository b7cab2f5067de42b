import type { Socket } from 'node:net';
import { type MemberId, parseStreamKey, type StreamKey } from '@headwater/directory';
import type { SiblingPull } from '../../stream/sibling-pulls.js';
import {
  frameMessage,
  SIBLING,
  SIBLING_BEAT_MS,
  SIBLING_VERSION,
  type SiblingMessage,
  SiblingParser,
  SiblingProtocolError,
  siblingMessage,
} from '../../wire/sibling-message.js';
import { SiblingWriter, type SiblingWriterLimits } from './sibling-writer.js';

/** The streams here, as siblings pull them. */
export interface PulledStreams {
  get(key: StreamKey): PulledStream | undefined;
}

export interface PulledStream {
  readonly hasPublisher: boolean;
  /** Feeds it with what is published here, until it is removed or ended. */
  addSibling(pull: SiblingPull, replayMs: number): void;
  removeSibling(pull: SiblingPull): void;
}

/** What this worker pulls from other members for all workers of its own. */
export interface PulledOwners {
  /** Feeds a pull with what the owner publishes; events come later, never within the call. */
  feed(
    route: OwnerRoute,
    replayMs: number,
    pull: SiblingPull,
    events: { started(): void; ended(end: { readonly code: string }): void },
  ): { close(): void };
}

/** A stream of another member, and the way there. */
export interface OwnerRoute {
  readonly key: StreamKey;
  readonly owner: MemberId;
  /** The member through which the owner is pulled; null: it is pulled itself. */
  readonly through: MemberId | null;
  /** Of the relay that asks first; absent: it has none. */
  readonly relayId?: string;
}

/** A stream's key is far shorter. */
const REQUEST_BYTES_MAX = 4096;
/** Of one stream by one sibling: for its players, and for other members' pulls there. A replay is much to ask for. */
const PULLS_OF_STREAM_MAX = 4;
/** Most of the past that can be asked for, ms; the stream's own limit counts beside. */
const REPLAY_MS_MAX = 60_000;

interface Fed {
  /** What is pulled, as far as the limit of pulls of one stream goes. */
  readonly what: PulledStream | string;
  remove(): void;
}

/**
 * A sibling's connection, by which it pulls any number of streams. What is published here is given; who asks for another
 * stream is refused. What is asked for of another member is pulled from there itself, never from a third worker. Nothing
 * that comes throws out of here; what is no message ends the connection.
 */
export class SiblingSession {
  readonly #socket: Socket;
  readonly #streams: PulledStreams;
  readonly #owners: PulledOwners;
  readonly #writer: SiblingWriter;
  readonly #onEnd: (problem: string | null) => void;
  readonly #parser = new SiblingParser(REQUEST_BYTES_MAX, (message) => this.#take(message));
  readonly #fed = new Map<number, Fed>();
  readonly #pullsOf = new Map<Fed['what'], number>();
  /** Its number; null before it said hello. */
  #worker: number | null = null;
  /** Since it first asked for another member's stream. */
  #beat: NodeJS.Timeout | null = null;
  #isOver = false;

  /** `onEnd` is called once: null where the sibling closed the connection, as it does when it needs nothing more. */
  constructor(
    socket: Socket,
    streams: PulledStreams,
    owners: PulledOwners,
    limits: SiblingWriterLimits,
    onEnd: (problem: string | null) => void,
  ) {
    this.#socket = socket;
    this.#streams = streams;
    this.#owners = owners;
    this.#onEnd = onEnd;
    this.#writer = new SiblingWriter(socket, limits, {
      pullIsBehind: (pull) => this.#drop(pull),
      answersAreUnread: () => this.end('it reads no answers'),
      fault: (error) => this.end(textOf(error)),
    });
    socket.on('data', (bytes) => this.#read(bytes));
    // It hangs up when it needs nothing more, whatever is on its way; why a worker ended is told by who started it.
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) =>
      this.end(code === 'EPIPE' || code === 'ECONNRESET' ? null : message),
    );
    socket.on('close', () => this.end(null));
  }

  get worker(): number | null {
    return this.#worker;
  }

  isStuck(nowMs: number, stuckMs: number): boolean {
    return this.#writer.isStuck(nowMs, stuckMs);
  }

  /** Ends the connection and all its pulls at once. */
  end(problem: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#writer.close();
    this.#socket.destroy();
    for (const fed of this.#fed.values()) fed.remove();
    this.#fed.clear();
    this.#pullsOf.clear();
    this.#onEnd(problem);
  }

  #read(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#parser.feed(bytes);
    } catch (error) {
      this.end(textOf(error));
    }
  }

  #take(message: SiblingMessage): void {
    // What came with what ended the connection.
    if (this.#isOver) return;
    const { type, pull, value, body } = message;
    if (this.#worker === null) {
      if (type !== SIBLING.hello || body.toString('latin1') !== SIBLING_VERSION)
        throw new SiblingProtocolError('it did not say hello');
      this.#worker = value;
    } else if (type === SIBLING.open) this.#open(pull, body.toString(), value);
    else if (type === SIBLING.openOwner) this.#openOwner(pull, body.toString(), value);
    else if (type === SIBLING.close) this.#close(pull);
    else throw new SiblingProtocolError(`a message of type ${type}`);
  }

  #open(id: number, key: string, replayMs: number): void {
    if (this.#fed.has(id)) throw new SiblingProtocolError('two pulls of one number');
    if (parseStreamKey(key) === null) throw new SiblingProtocolError('a pull of what is no stream key');
    const stream = this.#streams.get(key);
    if (stream === undefined || !stream.hasPublisher) {
      this.#answerEnded(id, ENDED.none);
      return;
    }
    const pull = this.#pullOf(id, stream);
    this.#fed.set(id, { what: stream, remove: () => stream.removeSibling(pull) });
    this.#writer.addAnswer(siblingMessage(SIBLING.started, id));
    // Where that was one answer too many.
    if (this.#isOver) return;
    stream.addSibling(pull, Math.min(replayMs, REPLAY_MS_MAX));
    this.#writer.flush();
  }

  #openOwner(id: number, body: string, replayMs: number): void {
    if (this.#fed.has(id)) throw new SiblingProtocolError('two pulls of one number');
    const route = ownerRouteOf(body);
    if (route === null) throw new SiblingProtocolError('a pull of what is no stream of a member');
    // Which relay asks does not matter for how many there may be.
    const { relayId: _, ...what } = route;
    const place = ownerRouteText(what);
    const pull = this.#pullOf(id, place);
    this.#beat ??= setInterval(
      () => this.#writer.addAnswer(siblingMessage(SIBLING.beat, 0)),
      SIBLING_BEAT_MS,
    ).unref();
    const fed = this.#owners.feed(route, Math.min(replayMs, REPLAY_MS_MAX), pull, {
      started: () => this.#writer.addAnswer(siblingMessage(SIBLING.started, id)),
      ended: ({ code }) => {
        this.#forget(id);
        this.#answerEnded(id, code);
      },
    });
    this.#fed.set(id, { what: place, remove: () => fed.close() });
  }

  /** Counts one more pull of this. */
  #pullOf(id: number, what: Fed['what']): SiblingPull {
    const pulls = (this.#pullsOf.get(what) ?? 0) + 1;
    if (pulls > PULLS_OF_STREAM_MAX) throw new SiblingProtocolError('too many pulls of one stream');
    this.#pullsOf.set(what, pulls);
    return {
      worker: this.#worker ?? 0,
      send: (frame, isPast) => {
        const message = frameMessage(id, frame);
        if (isPast) this.#writer.addPast(message);
        else this.#writer.addLive(message);
      },
      end: () => {
        this.#forget(id);
        this.#answerEnded(id, ENDED.over);
      },
    };
  }

  /** The sibling needs it no more, or is not to get it any more. It may have ended in the same moment. */
  #close(id: number): void {
    const fed = this.#forget(id);
    if (fed === undefined) return;
    this.#writer.forget(id);
    fed.remove();
  }

  #drop(id: number): void {
    this.#close(id);
    this.#answerEnded(id, ENDED.behind);
  }

  #answerEnded(id: number, code: string): void {
    this.#writer.addAnswer(siblingMessage(SIBLING.ended, id, code));
    this.#writer.flush();
  }

  #forget(id: number): Fed | undefined {
    const fed = this.#fed.get(id);
    if (fed === undefined) return undefined;
    this.#fed.delete(id);
    const left = (this.#pullsOf.get(fed.what) ?? 1) - 1;
    if (left > 0) this.#pullsOf.set(fed.what, left);
    else this.#pullsOf.delete(fed.what);
    return fed;
  }
}

/** Codes of `ended`, as logs have them. */
const ENDED = { over: 'publisher-ended', none: 'not-published', behind: 'too-slow' } as const;

/** What `openOwner` asks for; null: nonsense. */
function ownerRouteOf(body: string): OwnerRoute | null {
  const [owner = '', through = '', key = '', relayId = '', ...more] = body.split('\n');
  if (owner === '' || more.length > 0 || parseStreamKey(key) === null) return null;
  return { owner, through: through === '' ? null : through, key, ...(relayId !== '' && { relayId }) };
}

/** The body of `openOwner`. */
export const ownerRouteText = ({ owner, through, key, relayId }: OwnerRoute): string =>
  [owner, through ?? '', key, ...(relayId === undefined ? [] : [relayId])].join('\n');

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
