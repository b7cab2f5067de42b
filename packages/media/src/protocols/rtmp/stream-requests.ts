import { type StreamName, streamKey } from '@headwater/directory';
import type { GuardedClient } from '@headwater/guard';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { ComingPlay } from '../../desks/play/play-session.js';
import type { ForwardMark } from '../../desks/publish/forward-mark.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { AmfValue } from '../../wire/rtmp/amf0.js';
import { Admission, type AdmissionAnswers, type Admitted } from '../admission.js';
import type { Believed } from '../believe-pull.js';
import * as answers from './answers.js';
import type { ConnectCommand } from './connect-command.js';
import { type MessageStream, type MessageStreams, TOO_MANY_STREAMS } from './message-streams.js';
import { RtmpAsking } from './rtmp-asking.js';
import type { RtmpConnection } from './rtmp-connection.js';
import type { RtmpPlace } from './rtmp-place.js';
import { RtmpPlay } from './rtmp-play.js';
import { RtmpPublish } from './rtmp-publish.js';
import { readStreamTarget, type StreamTarget } from './stream-target.js';

export interface StreamRequestsParts {
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
  /** A publish or play was ended by us, and the connection stays for others. */
  onStreamClosed(reason: string, text: string, streamId: number): void;
}

/**
 * What a client asks to publish or play, up to its beginning: whom it names, what its marks count for, whether the guard
 * lets it, and then what the desk says. Nothing is answered before.
 */
export class StreamRequests {
  readonly #parts: StreamRequestsParts;
  readonly #connection: RtmpConnection;
  readonly #streams: MessageStreams;
  /** In which the client was asked to reconnect last; null: never. */
  #reconnectSweep: number | null = null;

  constructor(parts: StreamRequestsParts, streams: MessageStreams) {
    this.#parts = parts;
    this.#connection = parts.connection;
    this.#streams = streams;
  }

  /** A client asks to publish. May throw `RtmpProtocolError`. */
  publish(key: AmfValue, streamId: number): void {
    const asked = this.#asked(key, streamId, answers.publishRefusal);
    if (asked === null) return;
    const { stream, place, target } = asked;
    const forward = this.#parts.believeForward(target);
    this.#parts.admit(forward !== null);
    if (forward !== null) {
      this.#beginPublish(stream, new RtmpPublish(place, streamKey(target.name), target, forward));
      return;
    }
    const { name, query } = target;
    const admission = this.#openAdmission(stream, name);
    admission.ask(
      { action: 'publish', name, query, asksHooks: true },
      this.#answers(stream, place, 'NetStream.Publish.Denied', (admitted) => {
        this.#beginPublish(stream, new RtmpPublish(place, streamKey(admitted.name), target));
      }),
    );
    this.#waitForGuard(stream);
  }

  #beginPublish(stream: MessageStream, publish: RtmpPublish): void {
    stream.activity = publish;
    if (publish.begin(this.#parts.publishes)) this.#parts.onBusy();
  }

  /** A client asks to play. May throw `RtmpProtocolError`. */
  play(key: AmfValue, streamId: number): void {
    const asked = this.#asked(key, streamId, playRefusal);
    if (asked === null) return;
    const { stream, place, target } = asked;
    const pull = this.#parts.believe(target);
    this.#parts.admit(pull.mark === 'relay');
    const named = pull.mark === target.mark ? target : { ...target, mark: pull.mark };
    // Where no rule is, nothing is to be awaited or taken back: a play that is redirected is answered the sooner.
    if (pull.isMember || this.#parts.client.lets('play', target.name)) {
      this.#beginPlay(stream, place, named, true);
      return;
    }
    this.#openAdmission(stream, target.name).askToPlay(
      { name: target.name, query: target.query },
      () => this.#parts.plays.isSentAway(this.#coming(place, named)),
      this.#answers(stream, place, 'NetStream.Play.Failed', ({ name, mayRedirect }) =>
        this.#beginPlay(stream, place, { ...named, name }, mayRedirect),
      ),
    );
    this.#waitForGuard(stream);
  }

  #beginPlay(stream: MessageStream, place: RtmpPlace, target: StreamTarget, mayRedirect: boolean): void {
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
    this.end(stream);
    place.leave('revoked', text, answers.onStatus(stream.id, 'error', code, `revoked: ${text}`));
  }

  /** A stream for what is asked, and whom that names; null where it was refused. `refusal`: the answer to a name that is none. */
  #asked(
    key: AmfValue,
    streamId: number,
    refusal: (streamId: number, problem: string) => Buffer,
  ): { stream: MessageStream; place: RtmpPlace; target: StreamTarget } | null {
    const stream = this.#open(streamId);
    if (stream === null) return null;
    const place = this.#place(stream);
    const target = this.target(key);
    if (!('problem' in target)) return { stream, place, target };
    const { problem } = target;
    place.leave('stream-name-invalid', problem, refusal(stream.id, problem));
    return null;
  }

  /** A stream for a new publish or play, where another one ends. */
  #open(streamId: number): MessageStream | null {
    this.#parts.onAsked();
    const stream = this.#streams.open(streamId);
    if (stream === null)
      this.#connection.send(answers.onStatus(streamId, 'error', 'NetStream.Failed', TOO_MANY_STREAMS));
    else this.end(stream);
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

  /** What is named by the client's words for a stream, which may be anything. */
  target(key: AmfValue): StreamTarget | { readonly problem: string } {
    if (typeof key !== 'string') return { problem: 'the stream name is no text' };
    return readStreamTarget(this.#parts.connect.target, key, this.#parts.vhosts);
  }

  /** Ends what is on a stream by the client's will. */
  end(stream: MessageStream): void {
    const { activity } = stream;
    stream.activity = null;
    if (activity instanceof RtmpPlay) this.#parts.plays.leave(activity);
    activity?.close();
    endAdmission(stream);
  }
}

const playRefusal = (streamId: number, problem: string): Buffer =>
  answers.onStatus(streamId, 'error', 'NetStream.Play.Failed', problem);

function endAdmission(stream: MessageStream): void {
  stream.admission?.end();
  stream.admission = null;
}

const RECONNECT_TEXT = 'this origin is draining; go on publishing to the one in tcUrl';
