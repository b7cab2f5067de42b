import type { Socket } from 'node:net';
import { streamKey } from '@headwater/directory';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { MediaLog, MediaOptions } from '../../media-host.js';
import type { Frame } from '../../wire/frame.js';
import type { AmfValue } from '../../wire/rtmp/amf0.js';
import { RtmpProtocolError } from '../../wire/rtmp/rtmp-protocol-error.js';
import * as answers from './answers.js';
import { type ConnectCommand, readConnect } from './connect-command.js';
import { type MessageStream, MessageStreams, STREAMS_MAX } from './message-streams.js';
import { RtmpConnection } from './rtmp-connection.js';
import type { RtmpCommand } from './rtmp-peer.js';
import type { RtmpPlace } from './rtmp-place.js';
import { RtmpPlay } from './rtmp-play.js';
import { RtmpPublish } from './rtmp-publish.js';
import { readStreamTarget, type StreamTarget } from './stream-target.js';

export interface RtmpSessionParts {
  readonly options: MediaOptions;
  readonly plays: PlayDesk;
  readonly publishes: PublishDesk;
  readonly log: MediaLog;
}

/** Publishes and plays that one connection may begin: each publish is told to the whole mesh. */
export const ACTIVITIES_MAX = 100;
/** Reasons of a close that somebody else has logged, or that nobody needs to know. */
const ROUTINE_REASONS = new Set([
  'peer-closed',
  'peer-reset',
  'redirected',
  'already-published',
  'owned-elsewhere',
  'contended',
  'not-an-origin',
  'stream-not-found',
  'relay-of-unowned',
  'stopping',
]);

const isActive = ({ activity }: MessageStream): boolean => activity !== null;
const isPublish = ({ activity }: MessageStream): boolean => activity instanceof RtmpPublish;
const isPlay = ({ activity }: MessageStream): boolean => activity instanceof RtmpPlay;

/**
 * One client's commands: connect, then publishes and plays, each on a message stream of its own, which end by a command or
 * with the connection. Whether one is granted is the desks' word, and nothing is answered before it.
 */
export class RtmpSession {
  readonly #parts: RtmpSessionParts;
  readonly #connection: RtmpConnection;
  readonly #onClosed: () => void;
  readonly #streams = new MessageStreams();
  #connect: ConnectCommand | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #activities = 0;

  constructor(socket: Socket, parts: RtmpSessionParts, onClosed: () => void) {
    this.#parts = parts;
    this.#onClosed = onClosed;
    this.#connection = new RtmpConnection(socket, parts.options.limits, {
      onCommand: (command) => this.#onCommand(command),
      onFrame: (frame, streamId) => this.#onFrame(frame, streamId),
      onEnding: () => this.#onEnding(),
      onClosed: (reason, text) => this.#onConnectionClosed(reason, text),
    });
    this.#startDeadline();
  }

  /** Closes at once, as when the member stops. */
  destroy(reason: string): void {
    this.#connection.destroy(reason, '');
  }

  #startDeadline(): void {
    const { handshakeMs } = this.#parts.options.limits;
    this.#deadline ??= setTimeout(() => {
      const reason = this.#connection.isHandshakeDone ? 'command-deadline' : 'handshake-deadline';
      this.#connection.end(reason, `neither published nor played within ${handshakeMs} ms`);
    }, handshakeMs);
  }

  #clearDeadline(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
  }

  #onEnding(): void {
    this.#clearDeadline();
    for (const stream of this.#streams.active) this.#end(stream);
  }

  #onConnectionClosed(reason: string, text: string): void {
    this.#onClosed();
    const { bytesIn, bytesOut } = this.#connection;
    this.#tellEnd(reason, text, 'connection closed', { bytesIn, bytesOut });
  }

  #tellEnd(reason: string, text: string, msg: string, more: object): void {
    const { remote } = this.#connection;
    const agent = this.#connect?.agent ?? '';
    const about = text === '' ? {} : { text };
    const fields = { client: remote, protocol: 'rtmp', agent, reason, ...more, ...about };
    if (ROUTINE_REASONS.has(reason)) this.#parts.log.debug(fields, msg);
    else this.#parts.log.info(fields, msg);
  }

  #onFrame(frame: Frame, streamId: number): void {
    const activity = this.#streams.find(streamId, isPublish)?.activity;
    if (activity instanceof RtmpPublish) activity.push(frame);
  }

  #onCommand(command: RtmpCommand): void {
    const { name, transactionId, values, streamId } = command;
    if (name === 'connect') {
      this.#onConnect(transactionId, values);
      return;
    }
    const connect = this.#connect;
    if (connect === null) throw new RtmpProtocolError('connect-missing', `${name} came before connect`);
    switch (name) {
      case 'createStream':
        this.#onCreateStream(transactionId);
        return;
      case 'publish':
        this.#onPublish(connect, values[1], streamId);
        return;
      case 'play':
        this.#onPlay(connect, values[1], streamId);
        return;
      case 'FCUnpublish':
        this.#onFcUnpublish(connect, transactionId, values[1]);
        return;
      case 'deleteStream':
        this.#onDeleteStream(typeof values[1] === 'number' ? values[1] : streamId);
        this.#answer(transactionId, undefined);
        return;
      case 'closeStream':
        this.#stop(this.#streams.find(streamId, isActive));
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
        this.#onReceive(name, values[1] === true, streamId);
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
      case 'releaseStream':
      case 'FCSubscribe':
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

  #onConnect(transactionId: number, values: readonly AmfValue[]): void {
    const connect = this.#connect === null ? readConnect(values) : { problem: 'connected already' };
    if ('problem' in connect) {
      const { problem } = connect;
      // Before a connect the client expects chunks of 128 bytes; this says otherwise first.
      const lastWords = [answers.setChunkSize(), answers.connectError(transactionId, problem)];
      this.#connection.end('connect-invalid', problem, ...lastWords);
      return;
    }
    this.#connect = connect;
    this.#connection.send(
      answers.windowAckSize(),
      answers.setPeerBandwidth(),
      answers.setChunkSize(),
      answers.connectResult(
        transactionId,
        connect.objectEncoding,
        this.#parts.options.memberName,
        connect.enhanced,
      ),
      answers.onBwDone(),
    );
  }

  #onCreateStream(transactionId: number): void {
    const stream = this.#streams.create();
    this.#connection.send(
      stream === null
        ? answers.callError(transactionId, TOO_MANY_STREAMS)
        : answers.result(transactionId, stream.id),
    );
  }

  #onPublish(connect: ConnectCommand, key: AmfValue, streamId: number): void {
    const stream = this.#open(streamId);
    if (stream === null) return;
    const place = this.#place(connect, stream);
    const target = this.#target(connect, key);
    if ('problem' in target) {
      const { problem } = target;
      place.leave('stream-name-invalid', problem, answers.publishRefusal(stream.id, problem));
      return;
    }
    const publish = new RtmpPublish(place, streamKey(target.name));
    stream.activity = publish;
    if (publish.begin(this.#parts.publishes)) this.#clearDeadline();
  }

  #onPlay(connect: ConnectCommand, key: AmfValue, streamId: number): void {
    const stream = this.#open(streamId);
    if (stream === null) return;
    const place = this.#place(connect, stream);
    const target = this.#target(connect, key);
    if ('problem' in target) {
      const { problem } = target;
      const refusal = answers.onStatus(stream.id, 'error', 'NetStream.Play.Failed', problem);
      place.leave('stream-name-invalid', problem, refusal);
      return;
    }
    this.#clearDeadline();
    const play = new RtmpPlay(place, target);
    stream.activity = play;
    this.#parts.plays.play(play);
    // The route is taken; where it was no refusal or redirect, media may be long in coming, the answer is not.
    play.answer();
  }

  /** A stream for a new publish or play, where another one ends. */
  #open(streamId: number): MessageStream | null {
    this.#activities += 1;
    if (this.#activities > ACTIVITIES_MAX) {
      throw new RtmpProtocolError('activities-max', `more than ${ACTIVITIES_MAX} publishes and plays`);
    }
    const stream = this.#streams.open(streamId);
    if (stream === null)
      this.#connection.send(answers.onStatus(streamId, 'error', 'NetStream.Failed', TOO_MANY_STREAMS));
    else this.#end(stream);
    return stream;
  }

  #place(connect: ConnectCommand, stream: MessageStream): RtmpPlace {
    return {
      connection: this.#connection,
      connect,
      stream,
      isAlone: () => this.#streams.active.every((other) => other === stream),
      leave: (reason, text, ...lastWords) => this.#leave(stream, reason, text, lastWords),
    };
  }

  #leave(stream: MessageStream, reason: string, text: string, lastWords: readonly Buffer[]): void {
    stream.activity = null;
    if (this.#streams.active.length === 0) {
      this.#connection.end(reason, text, ...lastWords);
      return;
    }
    if (lastWords.length > 0) this.#connection.send(...lastWords);
    this.#tellEnd(reason, text, 'message stream closed', { messageStream: stream.id });
  }

  #target(connect: ConnectCommand, key: AmfValue): StreamTarget | { readonly problem: string } {
    if (typeof key !== 'string') return { problem: 'the stream name is no text' };
    return readStreamTarget(connect.target, key, this.#parts.options.vhosts);
  }

  #onDeleteStream(id: number): void {
    const stream = this.#streams.find(id, isActive);
    if (stream === undefined) return;
    this.#end(stream);
    this.#streams.delete(stream);
    this.#awaitCommand();
  }

  /** The publish of this name; where it is no name, the only one. */
  #onFcUnpublish(connect: ConnectCommand, transactionId: number, name: AmfValue): void {
    const target = this.#target(connect, name);
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
    this.#end(stream);
    if (wasPublish) this.#connection.send(answers.unpublished(stream.id));
    this.#awaitCommand();
  }

  #onReceive(name: 'receiveAudio' | 'receiveVideo', isWanted: boolean, streamId: number): void {
    const stream = this.#streams.find(streamId, isPlay);
    if (stream === undefined) return;
    if (name === 'receiveAudio') stream.takesAudio = isWanted;
    else stream.takesVideo = isWanted;
    if (isWanted && stream.activity instanceof RtmpPlay) stream.activity.answerTrack();
  }

  #withPlay({ name, transactionId, streamId }: RtmpCommand, act: (play: RtmpPlay) => void): void {
    const play = this.#streams.find(streamId, isPlay)?.activity;
    if (play instanceof RtmpPlay) {
      act(play);
      this.#answer(transactionId, undefined);
    } else {
      this.#answerError(transactionId, `there is no play to ${name} on this stream`);
    }
  }

  /** Who stopped everything has some time to begin anew. */
  #awaitCommand(): void {
    if (this.#streams.active.length === 0) this.#startDeadline();
  }

  /** Ends what is on a stream by the client's will. */
  #end(stream: MessageStream): void {
    const { activity } = stream;
    stream.activity = null;
    if (activity instanceof RtmpPlay) this.#parts.plays.leave(activity);
    activity?.close();
  }
}

const TOO_MANY_STREAMS = `a connection has at most ${STREAMS_MAX} streams; delete one, or open another connection`;
