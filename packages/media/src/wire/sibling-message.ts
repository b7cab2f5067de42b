import type { Frame } from './frame.js';
import { MESSAGE_TYPE } from './rtmp/message.js';

/**
 * What two workers of one member say to each other over a unix socket. Both run the same program, so there is one version.
 * A message is 16 bytes, all numbers big-endian, and its body:
 *
 * | bytes | meaning                                                                                             |
 * |-------|-----------------------------------------------------------------------------------------------------|
 * | 0-3   | length of the body                                                                                  |
 * | 4-7   | the pull that it is about, numbered by who pulls; 0 in `hello`, `beat`                                  |
 * | 8-11  | `frame`: its time, ms; `open`: how much of the past is asked for, ms; `hello`: the worker's number  |
 * | 12    | the type                                                                                            |
 * | 13-15 | 0                                                                                                   |
 *
 * The body of a frame is its payload, of `open` the stream's key, of `openOwner` the owner, the member through which it is
 * pulled or nothing, the key, and the relay's id where it has one, with line feeds between them, of `hello` the version, and
 * of `ended` a code.
 */
export interface SiblingMessage {
  readonly type: number;
  readonly pull: number;
  /** Bytes 8-11. */
  readonly value: number;
  /** Not to be changed. */
  readonly body: Buffer;
}

export const SIBLING = {
  /** The first message of a connection, of who opened it. */
  hello: 1,
  /** Asks for a stream. */
  open: 2,
  /** Wants no more of it. */
  close: 3,
  /** Answers `open`: frames come now. */
  started: 4,
  /** Answers `open` with no, or ends what was started. */
  ended: 5,
  /** Asks for another member's stream, which is pulled from there once for all workers. */
  openOwner: 6,
  /** Says each `SIBLING_BEAT_MS` that the worker lives which pulls other members' streams for the one that asked. */
  beat: 7,
  audio: MESSAGE_TYPE.audio,
  video: MESSAGE_TYPE.video,
  data: MESSAGE_TYPE.data,
} as const;

// Stryker disable next-line StringLiteral: both workers run the same program, so any text would do.
export const SIBLING_VERSION = 'headwater sibling 2';
export const SIBLING_BEAT_MS = 500;
export const SIBLING_HEADER_BYTES = 16;

const KINDS: Readonly<Record<number, Frame['kind']>> = {
  [SIBLING.audio]: 'audio',
  [SIBLING.video]: 'video',
  [SIBLING.data]: 'data',
};
const NOTHING = Buffer.alloc(0);

/** The kind of a frame's message; undefined where it is none. */
export const frameKindOf = ({ type }: SiblingMessage): Frame['kind'] | undefined => KINDS[type];

export function siblingMessage(
  type: number,
  pull: number,
  body: Buffer | string = NOTHING,
  value = 0,
): SiblingMessage {
  return { type, pull, value: value >>> 0, body: typeof body === 'string' ? Buffer.from(body) : body };
}

export const frameMessage = (pull: number, { kind, timestampMs, payload }: Frame): SiblingMessage =>
  siblingMessage(SIBLING[kind], pull, payload, timestampMs);

export const siblingBytes = ({ body }: SiblingMessage): number => SIBLING_HEADER_BYTES + body.length;

/** The messages as one buffer. */
export function joinSiblingMessages(messages: readonly SiblingMessage[]): Buffer {
  const out = Buffer.allocUnsafe(messages.reduce((sum, message) => sum + siblingBytes(message), 0));
  let at = 0;
  for (const message of messages)
    at = writeHeader(out, at, message) + message.body.copy(out, at + SIBLING_HEADER_BYTES);
  return out;
}

/** What comes before the body. */
export function siblingHeader(message: SiblingMessage): Buffer {
  const out = Buffer.allocUnsafe(SIBLING_HEADER_BYTES);
  writeHeader(out, 0, message);
  return out;
}

function writeHeader(out: Buffer, at: number, { type, pull, value, body }: SiblingMessage): number {
  out.writeUInt32BE(body.length, at);
  out.writeUInt32BE(pull >>> 0, at + 4);
  out.writeUInt32BE(value >>> 0, at + 8);
  return out.writeUInt32BE(type * 0x1000000, at + 12);
}

/** What comes is no message, or one over a limit. */
export class SiblingProtocolError extends Error {
  override readonly name = 'SiblingProtocolError';
}

/** Makes messages of bytes, however these are cut. Each body is memory of its own. */
export class SiblingParser {
  readonly #bodyBytesMax: number;
  readonly #onMessage: (message: SiblingMessage) => void;
  /** The parts of a message that is not whole. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** With how many bytes more can be done with what is held. */
  #neededBytes = SIBLING_HEADER_BYTES;

  constructor(bodyBytesMax: number, onMessage: (message: SiblingMessage) => void) {
    this.#bodyBytesMax = bodyBytesMax;
    this.#onMessage = onMessage;
  }

  /** Throws `SiblingProtocolError`, and whatever `onMessage` throws; the connection cannot go on after that. */
  feed(more: Buffer): void {
    this.#heldBytes += more.length;
    if (this.#heldBytes < this.#neededBytes) {
      this.#held.push(more);
      return;
    }
    const bytes = this.#held.length === 0 ? more : Buffer.concat([...this.#held, more]);
    this.#held = [];
    const at = this.#read(bytes);
    this.#heldBytes = bytes.length - at;
    if (this.#heldBytes > 0) this.#held.push(bytes.subarray(at));
  }

  /** Returns where the first message begins that is not whole. */
  #read(bytes: Buffer): number {
    let at = 0;
    while (bytes.length - at >= SIBLING_HEADER_BYTES) {
      const length = bytes.readUInt32BE(at);
      if (length > this.#bodyBytesMax)
        throw new SiblingProtocolError(
          `a message of ${length} bytes, at most ${this.#bodyBytesMax} are taken`,
        );
      const bodyAt = at + SIBLING_HEADER_BYTES;
      if (bytes.length - bodyAt < length) {
        this.#neededBytes = SIBLING_HEADER_BYTES + length;
        return at;
      }
      const pull = bytes.readUInt32BE(at + 4);
      const value = bytes.readUInt32BE(at + 8);
      const type = bytes[at + 12] ?? 0;
      at = bodyAt + length;
      this.#onMessage({ type, pull, value, body: Buffer.from(bytes.subarray(bodyAt, at)) });
    }
    this.#neededBytes = SIBLING_HEADER_BYTES;
    return at;
  }
}
