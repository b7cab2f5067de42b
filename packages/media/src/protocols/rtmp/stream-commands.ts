import { streamKey } from '@headwater/directory';
import type { Frame } from '../../wire/frame.js';
import type { AmfValue } from '../../wire/rtmp/amf0.js';
import * as answers from './answers.js';
import { type MessageStream, MessageStreams, TOO_MANY_STREAMS } from './message-streams.js';
import type { RtmpConnection } from './rtmp-connection.js';
import type { RtmpCommand } from './rtmp-peer.js';
import { RtmpPlay } from './rtmp-play.js';
import { RtmpPublish } from './rtmp-publish.js';
import { StreamRequests, type StreamRequestsParts } from './stream-requests.js';

export interface StreamCommandsParts extends StreamRequestsParts {
  /** The client stopped all that was. */
  onIdle(): void;
}

/** RTMP 1.0, 7.2.2.4 and 7.2.2.5: a flag. Flash's `receiveVideo` takes frames per second, too; 0 is none. */
const isTrackWanted = (value: AmfValue): boolean =>
  value === true || (typeof value === 'number' && value > 0);

const isActive = ({ activity }: MessageStream): boolean => activity !== null;
const isPublish = ({ activity }: MessageStream): boolean => activity instanceof RtmpPublish;
const isPlay = ({ activity }: MessageStream): boolean => activity instanceof RtmpPlay;

/**
 * What a client that has connected does on its message streams, each of which has one publish or play at a time. Whether
 * one is granted is the desks' word, and nothing is answered before it.
 */
export class StreamCommands {
  readonly #parts: StreamCommandsParts;
  readonly #connection: RtmpConnection;
  readonly #streams = new MessageStreams();
  readonly #requests: StreamRequests;

  constructor(parts: StreamCommandsParts) {
    this.#parts = parts;
    this.#connection = parts.connection;
    this.#requests = new StreamRequests(parts, this.#streams);
  }

  /** The connection is over, or about to be: ends everything. */
  close(): void {
    for (const stream of this.#streams.active) this.#requests.end(stream);
  }

  push(frame: Frame, streamId: number): void {
    const activity = this.#streams.find(streamId, isPublish)?.activity;
    if (activity instanceof RtmpPublish) activity.push(frame);
  }

  /** Any command after `connect`. May throw `RtmpProtocolError`. */
  take(command: RtmpCommand): void {
    const { name, transactionId, values, streamId } = command;
    switch (name) {
      case 'createStream':
        this.#onCreateStream(transactionId);
        return;
      case 'publish':
        this.#requests.publish(values[1], streamId);
        return;
      case 'play':
        this.#requests.play(values[1], streamId);
        return;
      case 'FCUnpublish':
        this.#onFcUnpublish(transactionId, values[1]);
        return;
      case 'deleteStream':
        this.#onDeleteStream(typeof values[1] === 'number' ? values[1] : streamId);
        this.#answer(transactionId, undefined);
        return;
      case 'closeStream':
        this.#stop(this.#streams.named(streamId, isActive));
        this.#answer(transactionId, undefined);
        return;
      case 'pause':
      case 'pauseRaw':
        this.#withPlay(command, (play) => play.pause(values[1] === true));
        return;
      case 'seek':
        this.#withPlay(command, (play) => play.seek());
        return;
      case 'receiveAudio':
      case 'receiveVideo':
        this.#onReceive(name, isTrackWanted(values[1]), streamId);
        this.#answer(transactionId, undefined);
        return;
      case 'getStreamLength':
      case 'getMovLen':
        this.#answer(transactionId, 0);
        return;
      case 'FCPublish':
        this.#answer(transactionId, undefined);
        this.#connection.send(answers.onFcPublish());
        return;
      case 'FCSubscribe':
        this.#answer(transactionId, undefined);
        this.#connection.send(answers.onFcSubscribe());
        return;
      case 'FCUnsubscribe':
        this.#answer(transactionId, undefined);
        this.#connection.send(answers.onFcUnsubscribe());
        return;
      case 'releaseStream':
      case '_checkbw':
        this.#answer(transactionId, undefined);
        return;
      // Answers of the client's.
      case '_result':
      case '_error':
      case 'onStatus':
        return;
      default:
        this.#answerError(transactionId, 'there is no such procedure');
    }
  }

  /** Transaction 0 asks for no answer. */
  #answer(transactionId: number, value: AmfValue): void {
    if (transactionId > 0) this.#connection.send(answers.result(transactionId, value));
  }

  #answerError(transactionId: number, text: string): void {
    if (transactionId > 0) this.#connection.send(answers.callError(transactionId, text));
  }

  #onCreateStream(transactionId: number): void {
    const stream = this.#streams.create();
    this.#connection.send(
      stream === null
        ? answers.callError(transactionId, TOO_MANY_STREAMS)
        : answers.result(transactionId, stream.id),
    );
  }

  #onDeleteStream(id: number): void {
    const stream = this.#streams.named(id, isActive);
    if (stream === undefined) return;
    this.#requests.end(stream);
    this.#streams.delete(stream);
    this.#tellIdle();
  }

  /** The publish of this name; where it is no name, the only one. */
  #onFcUnpublish(transactionId: number, name: AmfValue): void {
    const target = this.#requests.target(name);
    const publishes = this.#streams.active.filter(isPublish);
    const named =
      'problem' in target
        ? publishes.length === 1
          ? publishes[0]
          : undefined
        : publishes.find(({ activity }) => activity?.key === streamKey(target.name));
    this.#connection.send(answers.onFcUnpublish());
    this.#answer(transactionId, undefined);
    this.#stop(named);
  }

  /** The client stops what it does on a stream that it keeps. */
  #stop(stream: MessageStream | undefined): void {
    if (stream === undefined) return;
    const wasPublish = isPublish(stream);
    this.#requests.end(stream);
    if (wasPublish) this.#connection.send(answers.unpublished(stream.id));
    this.#tellIdle();
  }

  #onReceive(name: 'receiveAudio' | 'receiveVideo', isWanted: boolean, streamId: number): void {
    const stream = this.#streams.named(streamId, isPlay);
    if (stream === undefined) return;
    if (name === 'receiveAudio') stream.takesAudio = isWanted;
    else stream.takesVideo = isWanted;
    if (isWanted && stream.activity instanceof RtmpPlay) stream.activity.answerTrack();
  }

  #withPlay({ name, transactionId, streamId }: RtmpCommand, act: (play: RtmpPlay) => void): void {
    const play = this.#streams.named(streamId, isPlay)?.activity;
    if (play instanceof RtmpPlay) {
      act(play);
      this.#answer(transactionId, undefined);
    } else {
      this.#answerError(transactionId, `there is no play to ${name} on this stream`);
    }
  }

  /** Who stopped everything has some time to begin anew. */
  #tellIdle(): void {
    if (!this.#streams.hasActive()) this.#parts.onIdle();
  }
}
