import { type StreamName, streamKey } from '@headwater/directory';
import type { GuardedClient } from '@headwater/guard';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { ComingPlay } from '../../desks/play/play-session.js';
import type { ForwardMark } from '../../desks/publish/forward-mark.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { Frame } from '../../wire/frame.js';
import type { AmfValue } from '../../wire/rtmp/amf0.js';
import { Admission, type AdmissionAnswers, type Admitted } from '../admission.js';
import type { Believed } from '../believe-pull.js';
import * as answers from './answers.js';
import type { ConnectCommand } from './connect-command.js';
import { type MessageStream, MessageStreams, STREAMS_MAX } from './message-streams.js';
import { RtmpAsking } from './rtmp-asking.js';
import type { RtmpConnection } from './rtmp-connection.js';
import type { RtmpCommand } from './rtmp-peer.js';
import type { RtmpPlace } from './rtmp-place.js';
import { RtmpPlay } from './rtmp-play.js';
import { RtmpPublish } from './rtmp-publish.js';
import { readStreamTarget, type StreamTarget } from './stream-target.js';

export interface StreamCommandsParts {
  readonly connection: RtmpConnection;
  readonly connect: ConnectCommand;
  readonly plays: PlayDesk;
  readonly publishes: PublishDesk;
  readonly client: GuardedClient;
  /** What counts of the mark of a play. */
  believe(target: StreamTarget): Believed;
  /** What counts of the mark of a publish: null where it is a client's own. */
  believeForward(target: StreamTarget): ForwardMark | null;
  /** Configured vhosts. */
  readonly vhosts: readonly string[];
  /** A publish or play is asked for. May throw `RtmpProtocolError`. */
  onAsked(): void;
  /** What is asked for is another member's pull, or a client's publish or play. May throw `RtmpProtocolError`. */
  admit(isPull: boolean): void;
  /** Something is published or played on the connection. */
  onBusy(): void;
  /** The client stopped all that was. */
  onIdle(): void;
  /** A publish or play was ended by us, and the connection stays for others. */
  onStreamClosed(reason: string, text: string, streamId: number): void;
}

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
  /** In which the client was asked to reconnect last; null: never. */
  #reconnectSweep: number | null = null;

  constructor(parts: StreamCommandsParts) {
    this.#parts = parts;
    this.#connection = parts.connection;
  }

  /** The connection is over, or about to be: ends everything. */
  close(): void {
    for (const stream of this.#streams.active) this.#end(stream);
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
        this.#onPublish(values[1], streamId);
        return;
      case 'play':
        this.#onPlay(values[1], streamId);
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

  #onPublish(key: AmfValue, streamId: number): void {
    const stream = this.#open(streamId);
    if (stream === null) return;
    const place = this.#place(stream);
    const target = this.#target(key);
    if ('problem' in target) {
      const { problem } = target;
      place.leave('stream-name-invalid', problem, answers.publishRefusal(stream.id, problem));
      return;
    }
    const forward = this.#parts.believeForward(target);
    this.#parts.admit(forward !== null);
    if (forward !== null) {
      this.#publish(stream, new RtmpPublish(place, streamKey(target.name), target, forward));
      return;
    }
    const { name, query } = target;
    const admission = this.#openAdmission(stream, name);
    admission.ask(
      { action: 'publish', name, query, asksHooks: true },
      this.#answers(stream, place, 'NetStream.Publish.Denied', (admitted) => {
        this.#publish(stream, new RtmpPublish(place, streamKey(admitted.name), target));
      }),
    );
    this.#waitForGuard(stream);
  }

  #publish(stream: MessageStream, publish: RtmpPublish): void {
    stream.activity = publish;
    if (publish.begin(this.#parts.publishes)) this.#parts.onBusy();
  }

  #onPlay(key: AmfValue, streamId: number): void {
    const stream = this.#open(streamId);
    if (stream === null) return;
    const place = this.#place(stream);
    const target = this.#target(key);
    if ('problem' in target) {
      const { problem } = target;
      const refusal = answers.onStatus(stream.id, 'error', 'NetStream.Play.Failed', problem);
      place.leave('stream-name-invalid', problem, refusal);
      return;
    }
    const pull = this.#parts.believe(target);
    this.#parts.admit(pull.mark === 'relay');
    const named = pull.mark === target.mark ? target : { ...target, mark: pull.mark };
    // Where no rule is, nothing is to be awaited or taken back: a play that is redirected is answered the sooner.
    if (pull.isMember || this.#parts.client.lets('play', target.name)) {
      this.#play(stream, place, named, true);
      return;
    }
    this.#openAdmission(stream, target.name).askToPlay(
      { name: target.name, query: target.query },
      () => this.#parts.plays.isSentAway(this.#coming(place, named)),
      this.#answers(stream, place, 'NetStream.Play.Failed', ({ name, mayRedirect }) =>
        this.#play(stream, place, { ...named, name }, mayRedirect),
      ),
    );
    this.#waitForGuard(stream);
  }

  #play(stream: MessageStream, place: RtmpPlace, target: StreamTarget, mayRedirect: boolean): void {
    const play = new RtmpPlay(place, target, mayRedirect);
    stream.activity = play;
    this.#parts.plays.play(play);
    // The route is taken; where it was no refusal or redirect, media may be long in coming, the answer is not.
    play.answer();
    this.#parts.onBusy();
  }

  #coming({ connection, connect, isAlone }: RtmpPlace, { name, mark }: StreamTarget): ComingPlay {
    const { host } = connect.target;
    return {
      key: streamKey(name),
      protocol: 'rtmp',
      mark,
      forgetsMark: true,
      remote: connection.remote,
      isSecure: connection.isSecure || connect.target.isSecure,
      followsRedirect: connect.isSrsEdge,
      canRedirectNow: isAlone(),
      ...(host === undefined ? {} : { reachedBy: host }),
    };
  }

  #openAdmission(stream: MessageStream, name: StreamName): Admission {
    const admission = new Admission(this.#parts.client);
    stream.admission = admission;
    stream.activity = new RtmpAsking(streamKey(name));
    return admission;
  }

  /** Where the guard takes its time, its own deadline counts. */
  #waitForGuard(stream: MessageStream): void {
    if (stream.activity instanceof RtmpAsking) this.#parts.onBusy();
  }

  /** Answers of the guard may come at any time: nothing that they lead to leaves this connection. */
  #answers(
    stream: MessageStream,
    place: RtmpPlace,
    code: string,
    begin: (admitted: Admitted) => void,
  ): AdmissionAnswers {
    const { admission } = stream;
    return {
      admitted: (admitted) =>
        this.#connection.guard(() => {
          begin(admitted);
          admission?.onRevoked((text) =>
            this.#connection.guard(() => this.#revoke(stream, place, code, text)),
          );
        }),
      refused: ({ reason, text }) =>
        this.#connection.guard(() => {
          place.leave(reason, text, answers.onStatus(stream.id, 'error', code, `${reason}: ${text}`));
        }),
    };
  }

  #revoke(stream: MessageStream, place: RtmpPlace, code: string, text: string): void {
    this.#end(stream);
    place.leave('revoked', text, answers.onStatus(stream.id, 'error', code, `revoked: ${text}`));
  }

  /** A stream for a new publish or play, where another one ends. */
  #open(streamId: number): MessageStream | null {
    this.#parts.onAsked();
    const stream = this.#streams.open(streamId);
    if (stream === null)
      this.#connection.send(answers.onStatus(streamId, 'error', 'NetStream.Failed', TOO_MANY_STREAMS));
    else this.#end(stream);
    return stream;
  }

  #place(stream: MessageStream): RtmpPlace {
    return {
      connection: this.#connection,
      connect: this.#parts.connect,
      stream,
      isAlone: () => !this.#streams.hasActive(stream),
      askToReconnect: (tcUrl, sweep) => {
        if (this.#reconnectSweep === sweep) return;
        this.#reconnectSweep = sweep;
        this.#connection.send(answers.reconnectRequest(tcUrl, RECONNECT_TEXT));
      },
      leave: (reason, text, ...lastWords) => this.#leave(stream, reason, text, lastWords),
    };
  }

  #leave(stream: MessageStream, reason: string, text: string, lastWords: readonly Buffer[]): void {
    stream.activity = null;
    endAdmission(stream);
    if (!this.#streams.hasActive()) {
      this.#connection.end(reason, text, ...lastWords);
      return;
    }
    if (lastWords.length > 0) this.#connection.send(...lastWords);
    this.#parts.onStreamClosed(reason, text, stream.id);
  }

  #target(key: AmfValue): StreamTarget | { readonly problem: string } {
    if (typeof key !== 'string') return { problem: 'the stream name is no text' };
    return readStreamTarget(this.#parts.connect.target, key, this.#parts.vhosts);
  }

  #onDeleteStream(id: number): void {
    const stream = this.#streams.named(id, isActive);
    if (stream === undefined) return;
    this.#end(stream);
    this.#streams.delete(stream);
    this.#tellIdle();
  }

  /** The publish of this name; where it is no name, the only one. */
  #onFcUnpublish(transactionId: number, name: AmfValue): void {
    const target = this.#target(name);
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

  /** Ends what is on a stream by the client's will. */
  #end(stream: MessageStream): void {
    const { activity } = stream;
    stream.activity = null;
    if (activity instanceof RtmpPlay) this.#parts.plays.leave(activity);
    activity?.close();
    endAdmission(stream);
  }
}

function endAdmission(stream: MessageStream): void {
  stream.admission?.end();
  stream.admission = null;
}

const RECONNECT_TEXT = 'this origin is draining; go on publishing to the one in tcUrl';

const TOO_MANY_STREAMS = `a connection has at most ${STREAMS_MAX} streams; delete one, or open another connection`;
