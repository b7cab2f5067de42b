import type { Frame } from '../../wire/frame.js';
import { makeFrame } from '../../wire/make-frame.js';
import { splitAggregate } from '../../wire/rtmp/aggregate.js';
import { type AmfValue, decodeAmf0 } from '../../wire/rtmp/amf0.js';
import { type InMessage, MESSAGE_TYPE, USER_EVENT, WINDOW_ACK_BYTES } from '../../wire/rtmp/message.js';
import { RtmpProtocolError } from '../../wire/rtmp/rtmp-protocol-error.js';
import { acknowledgement, pingResponse, windowAckSize } from './answers.js';

/** A command message (RTMP 1.0, 7.1.1). */
export interface RtmpCommand {
  readonly name: string;
  /** 0 where no answer is asked for. */
  readonly transactionId: number;
  /** What follows: the command object, then the arguments. */
  readonly values: readonly AmfValue[];
  /** The message stream that it came on. */
  readonly streamId: number;
}

export interface RtmpPeerHandler {
  /** Answers to protocol control, as whole chunks. */
  send(bytes: Buffer): void;
  /** May throw `RtmpProtocolError`. */
  onCommand(command: RtmpCommand): void;
  onFrame(frame: Frame, streamId: number): void;
  /** The peer answered a ping of ours, so it has taken all that was sent before it. */
  onPong?(): void;
}

/** Largest command that is read; a connect of SRS has some 1000 bytes. */
export const COMMAND_BYTES_MAX = 65_536;
/** A smaller window would have us answer each packet. */
export const ACK_WINDOW_BYTES_MIN = 1024;

/**
 * What the server's and the client's end of a connection do alike with what comes in: acknowledge it, answer protocol
 * control, take aggregates and AMF3 messages apart, and hand on commands and frames.
 */
export class RtmpPeer {
  readonly #handler: RtmpPeerHandler;
  #bytesIn = 0;
  #acknowledgedBytes = 0;
  #ackWindowBytes = WINDOW_ACK_BYTES;
  /** What we last asked the peer to acknowledge by. */
  #ownWindowBytes = WINDOW_ACK_BYTES;
  #isClosed = false;

  constructor(handler: RtmpPeerHandler) {
    this.#handler = handler;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Nothing is taken or answered any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Counts bytes of the socket and has them parsed; the messages in them go to `take`. Throws what `parse` throws. */
  read(bytes: Buffer, parse: (bytes: Buffer) => void): void {
    if (this.#isClosed) return;
    this.#bytesIn += bytes.length;
    parse(bytes);
    // RTMP 1.0, 5.4.3.
    if (this.#isClosed || this.#bytesIn - this.#acknowledgedBytes < this.#ackWindowBytes) return;
    this.#acknowledgedBytes = this.#bytesIn;
    this.#handler.send(acknowledgement(this.#bytesIn));
  }

  /** One message. Throws `RtmpProtocolError`, `AmfError`, and whatever the handler throws. */
  take(message: InMessage): void {
    if (this.#isClosed) return;
    const { type, timestampMs, streamId, payload } = message;
    switch (type) {
      case MESSAGE_TYPE.audio:
        this.#handler.onFrame(makeFrame('audio', timestampMs, payload), streamId);
        return;
      case MESSAGE_TYPE.video:
        this.#handler.onFrame(makeFrame('video', timestampMs, payload), streamId);
        return;
      case MESSAGE_TYPE.data:
        this.#handler.onFrame(makeFrame('data', timestampMs, payload), streamId);
        return;
      case MESSAGE_TYPE.dataAmf3:
        this.#handler.onFrame(makeFrame('data', timestampMs, insideAmf3(payload)), streamId);
        return;
      case MESSAGE_TYPE.aggregate:
        for (const inner of splitAggregate(message)) {
          if (inner.type !== MESSAGE_TYPE.aggregate) this.take(inner);
        }
        return;
      case MESSAGE_TYPE.command:
        this.#onCommand(payload, streamId);
        return;
      case MESSAGE_TYPE.commandAmf3:
        this.#onCommand(insideAmf3(payload), streamId);
        return;
      case MESSAGE_TYPE.windowAckSize:
        if (payload.length >= 4) this.#ackWindowBytes = windowOf(payload);
        return;
      case MESSAGE_TYPE.setPeerBandwidth:
        this.#onPeerBandwidth(payload);
        return;
      case MESSAGE_TYPE.userControl:
        if (payload.length >= 6) this.#onPing(payload);
    }
  }

  /** RTMP 1.0, 7.1.7. */
  #onPing(payload: Buffer): void {
    const event = payload.readUInt16BE();
    if (event === USER_EVENT.pingRequest) this.#handler.send(pingResponse(payload.subarray(2, 6)));
    else if (event === USER_EVENT.pingResponse) this.#handler.onPong?.();
  }

  /** RTMP 1.0, 5.4.5: answered by a window, where it differs from the one last told. What we send is not held back by it. */
  #onPeerBandwidth(payload: Buffer): void {
    if (payload.length < 4) return;
    const window = windowOf(payload);
    if (window === this.#ownWindowBytes) return;
    this.#ownWindowBytes = window;
    this.#handler.send(windowAckSize(window));
  }

  #onCommand(payload: Buffer, streamId: number): void {
    if (payload.length > COMMAND_BYTES_MAX) {
      throw new RtmpProtocolError('command-too-large', `a command of ${payload.length} bytes`);
    }
    const [name, transactionId, ...values] = decodeAmf0(payload);
    if (typeof name !== 'string') throw new RtmpProtocolError('command-invalid', 'a command without a name');
    this.#handler.onCommand({
      name,
      transactionId: typeof transactionId === 'number' ? transactionId : 0,
      values,
      streamId,
    });
  }
}

/** RTMP 1.0, 7.1.2: a byte of format, 0 for what is AMF0 inside, as everybody sends it. */
function insideAmf3(payload: Buffer): Buffer {
  return payload.subarray(1);
}

function windowOf(payload: Buffer): number {
  return Math.max(ACK_WINDOW_BYTES_MIN, payload.readUInt32BE());
}
