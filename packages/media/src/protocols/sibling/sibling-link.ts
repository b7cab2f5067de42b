import { connect, type Socket } from 'node:net';
import type { StreamKey } from '@headwater/directory';
import type { Upstream, UpstreamEnd, UpstreamEvents } from '../../stream/upstream.js';
import { makeFrame } from '../../wire/make-frame.js';
import {
  frameKindOf,
  joinSiblingMessages,
  SIBLING,
  SIBLING_BEAT_MS,
  SIBLING_VERSION,
  type SiblingMessage,
  SiblingParser,
  SiblingProtocolError,
  siblingMessage,
} from '../../wire/sibling-message.js';
import { type OwnerRoute, ownerRouteText } from './sibling-session.js';

export interface SiblingLinkOptions {
  /** Of the sibling's unix socket. */
  readonly path: string;
  /** This worker's own number. */
  readonly worker: number;
  /** From `open` to the answer. */
  readonly deadlineMs: number;
  /** Largest payload of a frame. */
  readonly frameBytesMax: number;
}

export interface SiblingLinkEvents {
  /** Once: no pull can be opened any more. */
  over(): void;
  /** The sibling hangs: what it pulled from other members for this worker has ended, or is about to be told so. */
  hung(): void;
}

/** Requests that wait for a sibling which reads none, bytes. */
const REQUEST_BYTES_MAX = 1_048_576;
const UINT32 = 2 ** 32;
/** What is in the body of `ended` is a code. */
const CODE_FORM = /^[a-z-]{1,32}$/;

/**
 * So many times in a row nothing came between two looks, and the sibling hangs. Counted in looks rather than by a clock: where
 * this worker itself stood still, what came meanwhile is read between two of them.
 */
const SILENT_LOOKS_MAX = 3;

interface Pull {
  /** Of another member's stream: there is another way to it than by this sibling. */
  readonly isOwners: boolean;
  readonly events: UpstreamEvents;
  readonly deadline: NodeJS.Timeout;
  isStarted: boolean;
}

/**
 * One connection to a sibling, by which all its streams are pulled that are played here: what they bring comes with few
 * reads, however many streams there are. It is opened with the first pull and closed with the last. What a sibling sends
 * throws no further than its pulls' events, which are the caller's to fence.
 */
export class SiblingLink {
  readonly #options: SiblingLinkOptions;
  readonly #socket: Socket;
  readonly #parser: SiblingParser;
  readonly #pulls = new Map<number, Pull>();
  readonly #parent: SiblingLinkEvents;
  #lastId = 0;
  #hasRead = false;
  #silentLooks = 0;
  #look: NodeJS.Timeout | null = null;
  #isConnected = false;
  #isOver = false;

  constructor(options: SiblingLinkOptions, events: SiblingLinkEvents) {
    this.#options = options;
    this.#parent = events;
    this.#parser = new SiblingParser(options.frameBytesMax, (message) => this.#take(message));
    this.#socket = connect({ path: options.path });
    this.#socket.on('connect', () => {
      this.#isConnected = true;
    });
    this.#socket.on('data', (bytes) => this.#read(bytes));
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#lost(this.#isConnected ? 'closed-by-worker' : 'unreachable', error.code ?? error.message),
    );
    this.#socket.on('close', () => this.#lost('closed-by-worker', 'the worker closed the connection'));
    this.#send(siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, options.worker));
  }

  /** Asks for a stream that is published there. Events come later, never within the call. */
  open(key: StreamKey, replayMs: number, events: UpstreamEvents): Upstream {
    return this.#ask(SIBLING.open, key, replayMs, events);
  }

  /** Asks for another member's stream, which is pulled there for all workers. */
  openOwner(route: OwnerRoute, replayMs: number, events: UpstreamEvents): Upstream {
    this.#look ??= setInterval(() => this.#lookForLife(), SIBLING_BEAT_MS).unref();
    return this.#ask(SIBLING.openOwner, ownerRouteText(route), replayMs, events);
  }

  #ask(type: number, what: string, replayMs: number, events: UpstreamEvents): Upstream {
    const id = this.#newId();
    const deadline = setTimeout(() => {
      const text = `no answer from the worker within ${this.#options.deadlineMs} ms`;
      this.#endPull(id, { code: 'deadline', text, isOrdinary: false });
      this.#close(id);
    }, this.#options.deadlineMs);
    const isOwners = type === SIBLING.openOwner;
    this.#pulls.set(id, { isOwners, events, deadline, isStarted: false });
    this.#send(siblingMessage(type, id, what, Math.round(replayMs)));
    return {
      close: () => {
        const pull = this.#pulls.get(id);
        if (pull?.events !== events) return;
        clearTimeout(pull.deadline);
        this.#pulls.delete(id);
        this.#close(id);
      },
    };
  }

  /** Ends the connection without a word to its pulls. */
  stop(): void {
    for (const { deadline } of this.#pulls.values()) clearTimeout(deadline);
    this.#pulls.clear();
    this.#over();
  }

  #newId(): number {
    do this.#lastId = (this.#lastId + 1) % UINT32;
    while (this.#lastId === 0 || this.#pulls.has(this.#lastId));
    return this.#lastId;
  }

  /** Tells the sibling, and hangs up where this was the last. */
  #close(id: number): void {
    if (this.#pulls.size === 0) this.#over();
    else this.#send(siblingMessage(SIBLING.close, id));
  }

  #send(message: SiblingMessage): void {
    if (this.#isOver) return;
    this.#socket.write(joinSiblingMessages([message]));
    // Told as every other failure: not within the call.
    if (this.#socket.writableLength > REQUEST_BYTES_MAX)
      this.#socket.destroy(new Error('the worker reads no requests'));
  }

  #read(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#hasRead = true;
    try {
      this.#parser.feed(bytes);
    } catch (error) {
      this.#lost('protocol', error instanceof Error ? error.message : String(error));
    }
  }

  #take(message: SiblingMessage): void {
    const { type, pull: id, body } = message;
    const pull = this.#pulls.get(id);
    const kind = frameKindOf(message);
    if (type === SIBLING.beat) return;
    if (kind === undefined && type !== SIBLING.started && type !== SIBLING.ended)
      throw new SiblingProtocolError(`a message of type ${type}`);
    // Closed by us while this was on its way.
    if (pull === undefined) return;
    if (kind !== undefined) {
      if (!pull.isStarted) throw new SiblingProtocolError('a frame of a pull that has not started');
      if (body.length > 0) pull.events.frame(makeFrame(kind, message.value, body));
    } else if (type === SIBLING.ended) {
      this.#endPull(id, endOf(body.toString('latin1')));
      if (this.#pulls.size === 0) this.#over();
    } else if (!pull.isStarted) {
      pull.isStarted = true;
      clearTimeout(pull.deadline);
      pull.events.started();
    }
  }

  /** What is published there can be had from nowhere else: such pulls wait for it, as their players would elsewhere. */
  #lookForLife(): void {
    const isHeard = this.#hasRead || ![...this.#pulls.values()].some(({ isOwners }) => isOwners);
    this.#silentLooks = isHeard ? 0 : this.#silentLooks + 1;
    this.#hasRead = false;
    if (this.#silentLooks < SILENT_LOOKS_MAX) return;
    this.#silentLooks = 0;
    this.#parent.hung();
    const text = `nothing came from the worker that pulls for ${SILENT_LOOKS_MAX * SIBLING_BEAT_MS} ms`;
    for (const [id, { isOwners }] of [...this.#pulls]) {
      if (!isOwners) continue;
      this.#endPull(id, { code: 'worker-hung', text, isOrdinary: false });
      // It may go on, and would pull for nobody.
      this.#close(id);
    }
  }

  #endPull(id: number, end: UpstreamEnd): void {
    const pull = this.#pulls.get(id);
    if (pull === undefined) return;
    clearTimeout(pull.deadline);
    this.#pulls.delete(id);
    pull.events.ended(end);
  }

  /** The connection is no more: every pull hears of it. */
  #lost(code: string, text: string): void {
    if (this.#isOver) return;
    this.#over();
    for (const id of [...this.#pulls.keys()]) this.#endPull(id, { code, text, isOrdinary: false });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#look !== null) clearInterval(this.#look);
    this.#socket.destroy();
    this.#parent.over();
  }
}

function endOf(told: string): UpstreamEnd {
  const code = CODE_FORM.test(told) ? told : 'refused';
  const text = TEXTS[code] ?? 'the worker ended the pull';
  return { code, text, isOrdinary: code === 'publisher-ended', isTold: true };
}

const TEXTS: Readonly<Record<string, string>> = {
  'publisher-ended': 'the publisher has gone',
  'not-published': 'the stream is not published on that worker',
  deadline: 'the worker that pulls got no answer in time',
  'too-slow': 'this worker took less than the stream brings',
};
