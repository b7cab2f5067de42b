import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { displayStreamKey, streamKey } from '@headwater/directory';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { PublishFeed } from '../../desks/publish/publish-session.js';
import type { MediaLog, MediaOptions } from '../../media-host.js';
import { MEDIA_STREAM_ID } from '../../stream/packet.js';
import type { Frame } from '../../wire/frame.js';
import type { AmfValue } from '../../wire/rtmp/amf0.js';
import { RtmpProtocolError } from '../../wire/rtmp/rtmp-protocol-error.js';
import * as answers from './answers.js';
import { type ConnectCommand, readConnect } from './connect-command.js';
import { RtmpConnection } from './rtmp-connection.js';
import { RtmpPlay } from './rtmp-play.js';
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

/** What a session does once it got past its commands; none of both before and after. */
type Activity =
  | { readonly kind: 'publish'; readonly feed: PublishFeed }
  | { readonly kind: 'play'; readonly play: RtmpPlay };

/**
 * One client's commands: connect, then publish or play, which end by a command or with the connection. Whether a
 * publish or play is granted is the desks' word, and nothing is answered before it.
 */
export class RtmpSession {
  readonly #parts: RtmpSessionParts;
  readonly #connection: RtmpConnection;
  readonly #onClosed: () => void;
  #connect: ConnectCommand | null = null;
  #activity: Activity | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #activities = 0;

  constructor(socket: Socket, parts: RtmpSessionParts, onClosed: () => void) {
    this.#parts = parts;
    this.#onClosed = onClosed;
    this.#connection = new RtmpConnection(socket, parts.options.limits, {
      onCommand: (name, transactionId, values) => this.#onCommand(name, transactionId, values),
      onFrame: (frame) => this.#onFrame(frame),
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
    this.#endActivity();
  }

  #onConnectionClosed(reason: string, text: string): void {
    this.#onClosed();
    const { remote, bytesIn, bytesOut } = this.#connection;
    const agent = this.#connect?.agent ?? '';
    const fields = {
      client: remote,
      protocol: 'rtmp',
      agent,
      reason,
      bytesIn,
      bytesOut,
      ...(text === '' ? {} : { text }),
    };
    if (ROUTINE_REASONS.has(reason)) this.#parts.log.debug(fields, 'connection closed');
    else this.#parts.log.info(fields, 'connection closed');
  }

  #onFrame(frame: Frame): void {
    if (this.#activity?.kind === 'publish') this.#activity.feed.push(frame);
  }

  #onCommand(name: string, transactionId: number, values: readonly AmfValue[]): void {
    if (name === 'connect') {
      this.#onConnect(transactionId, values);
      return;
    }
    if (this.#connect === null) throw new RtmpProtocolError('connect-missing', `${name} came before connect`);
    switch (name) {
      case 'createStream':
        this.#connection.send(answers.result(transactionId, MEDIA_STREAM_ID));
        return;
      case 'publish':
        this.#onPublish(this.#connect, values[1]);
        return;
      case 'play':
        this.#onPlay(this.#connect, values[1]);
        return;
      case 'FCUnpublish':
      case 'deleteStream':
      case 'closeStream':
        this.#endActivity();
        this.#startDeadline();
        this.#answer(transactionId, undefined);
        return;
      case 'getStreamLength':
      case 'getMovLen':
        this.#answer(transactionId, 0);
        return;
      case 'releaseStream':
      case 'FCPublish':
      case 'FCSubscribe':
      case '_checkbw':
        this.#answer(transactionId, undefined);
        return;
      // Answers of the client's, and wishes that a live stream has nothing for.
      case '_result':
      case '_error':
      case 'onStatus':
      case 'receiveAudio':
      case 'receiveVideo':
      case 'pause':
      case 'seek':
        return;
      default:
        if (transactionId > 0) {
          this.#connection.send(answers.callError(transactionId, 'there is no such procedure'));
        }
    }
  }

  /** Transaction 0 asks for no answer. */
  #answer(transactionId: number, value: AmfValue): void {
    if (transactionId > 0) this.#connection.send(answers.result(transactionId, value));
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

  /** The stream that a publish or play names; on a bad name the client is told why, and closed. */
  #target(connect: ConnectCommand, name: AmfValue, badNameCode: string): StreamTarget | null {
    const target =
      typeof name === 'string'
        ? readStreamTarget(connect.target, name, this.#parts.options.vhosts)
        : { problem: 'the stream name is no text' };
    if (!('problem' in target)) return target;
    const refusal = answers.onStatus(MEDIA_STREAM_ID, 'error', badNameCode, target.problem);
    this.#connection.end('stream-name-invalid', target.problem, refusal);
    return null;
  }

  #countActivity(): void {
    this.#activities += 1;
    if (this.#activities > ACTIVITIES_MAX) {
      throw new RtmpProtocolError('activities-max', `more than ${ACTIVITIES_MAX} publishes and plays`);
    }
  }

  #onPublish(connect: ConnectCommand, name: AmfValue): void {
    this.#countActivity();
    const target = this.#target(connect, name, 'NetStream.Publish.BadName');
    if (target === null) return;
    this.#endActivity();
    const key = streamKey(target.name);
    const connection = this.#connection;
    const answer = this.#parts.publishes.publish({
      id: randomUUID(),
      key,
      protocol: 'rtmp',
      remote: connection.remote,
      agent: connect.agent,
      end: (reason) => {
        const text = `the publisher was closed: ${reason}`;
        const isReplaced = reason === 'taken-over' || reason === 'owned-elsewhere';
        const lastWords = isReplaced
          ? [answers.onStatus(MEDIA_STREAM_ID, 'error', 'NetStream.Publish.BadName', text)]
          : [];
        connection.end(reason, text, ...lastWords);
      },
    });
    if (!answer.accepted) {
      const refusal = answers.onStatus(MEDIA_STREAM_ID, 'error', 'NetStream.Publish.BadName', answer.text);
      connection.end(answer.code, answer.text, refusal);
      return;
    }
    this.#clearDeadline();
    this.#activity = { kind: 'publish', feed: answer.feed };
    const text = `${displayStreamKey(key)} is now published`;
    connection.send(
      answers.streamBegin(MEDIA_STREAM_ID),
      answers.onStatus(MEDIA_STREAM_ID, 'status', 'NetStream.Publish.Start', text),
    );
  }

  #onPlay(connect: ConnectCommand, name: AmfValue): void {
    this.#countActivity();
    const target = this.#target(connect, name, 'NetStream.Play.Failed');
    if (target === null) return;
    this.#endActivity();
    const play = new RtmpPlay(this.#connection, connect, target);
    this.#activity = { kind: 'play', play };
    this.#parts.plays.play(play);
    this.#clearDeadline();
    // The route is taken; where it was no refusal or redirect, media may be long in coming, the answer is not.
    play.answer();
  }

  #endActivity(): void {
    const activity = this.#activity;
    this.#activity = null;
    if (activity?.kind === 'publish') activity.feed.end();
    else if (activity?.kind === 'play') {
      this.#parts.plays.leave(activity.play);
      activity.play.close();
    }
  }
}
