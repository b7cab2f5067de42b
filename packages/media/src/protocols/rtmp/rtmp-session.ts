import { randomUUID } from 'node:crypto';
import { type Guard, type GuardedClient, REFUSAL_REASONS } from '@headwater/guard';
import type { AfterAnswer } from '../../after-answer.js';
import type { GatePlace } from '../../arrival/connection-gate.js';
import type { Arrival } from '../../arrival/front.js';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { Fence } from '../../fence.js';
import type { MediaLog } from '../../media-log.js';
import type { MediaOptions } from '../../media-options.js';
import type { Frame } from '../../wire/frame.js';
import type { AmfValue } from '../../wire/rtmp/amf0.js';
import { RtmpProtocolError } from '../../wire/rtmp/rtmp-protocol-error.js';
import { believeForward, believePull } from '../believe-pull.js';
import * as answers from './answers.js';
import { type ConnectCommand, readConnect } from './connect-command.js';
import { RtmpConnection } from './rtmp-connection.js';
import type { RtmpCommand } from './rtmp-peer.js';
import { StreamCommands } from './stream-commands.js';

export interface RtmpSessionParts {
  readonly options: MediaOptions;
  readonly plays: PlayDesk;
  readonly publishes: PublishDesk;
  readonly log: MediaLog;
  readonly fence: Fence;
  readonly afterAnswer: AfterAnswer;
  readonly guard: Guard;
  readonly isMemberAddress: (ip: string) => boolean;
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
  'identity-disputed',
  'publish-rate',
  'no-origin',
  'origin-refused',
  'stream-not-found',
  'relay-of-unowned',
  'owner-unreachable',
  'full',
  'stopping',
]);

/** One client: its connect, the time that it has for it, and then what it does on its streams. */
export class RtmpSession {
  readonly #parts: RtmpSessionParts;
  readonly #connection: RtmpConnection;
  readonly #place: GatePlace;
  readonly #onClosed: () => void;
  readonly #ip: string;
  #connect: ConnectCommand | null = null;
  /** Since the connect, as `#streams`. */
  #client: GuardedClient | null = null;
  #streams: StreamCommands | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #activities = 0;

  constructor(arrival: Arrival, parts: RtmpSessionParts, onClosed: () => void) {
    this.#place = arrival.place;
    this.#parts = parts;
    this.#onClosed = onClosed;
    this.#ip = arrival.client.ip;
    const handler = {
      onCommand: (command: RtmpCommand) => this.#onCommand(command),
      onFrame: (frame: Frame, streamId: number) => this.#streams?.push(frame, streamId),
      onEnding: () => this.#onEnding(),
      onClosed: (reason: string, text: string) => this.#onConnectionClosed(reason, text),
    };
    this.#connection = new RtmpConnection(arrival, { ...parts.options.limits }, handler, parts);
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
      this.#connection.guard(() =>
        this.#connection.end(reason, `neither published nor played within ${handshakeMs} ms`),
      );
    }, handshakeMs);
  }

  #clearDeadline(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
  }

  #onEnding(): void {
    this.#streams?.close();
  }

  #onConnectionClosed(reason: string, text: string): void {
    this.#clearDeadline();
    this.#onClosed();
    const { bytesIn, bytesOut } = this.#connection;
    this.#client?.closed({ sent: bytesOut, received: bytesIn });
    this.#tellEnd(reason, text, 'connection closed', { bytesIn, bytesOut });
  }

  #tellEnd(reason: string, text: string, msg: string, more: object): void {
    const { remote } = this.#connection;
    const agent = this.#connect?.agent ?? '';
    const about = text === '' ? {} : { text };
    const fields = { client: remote, protocol: 'rtmp', agent, reason, ...more, ...about };
    if (ROUTINE_REASONS.has(reason) || REFUSAL_REASONS.has(reason)) this.#parts.log.debug(fields, msg);
    else this.#parts.log.info(fields, msg);
  }

  #onCommand(command: RtmpCommand): void {
    const { name, transactionId, values } = command;
    if (name === 'connect') this.#onConnect(transactionId, values);
    else if (this.#streams !== null) this.#streams.take(command);
    else throw new RtmpProtocolError('connect-missing', `${name} came before connect`);
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
    this.#streams = this.#openStreams(connect);
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

  #admit(isPull: boolean): void {
    if (isPull) this.#place.countAsPull();
    else if (!this.#place.countAsClient())
      throw new RtmpProtocolError('connections-per-address-max', 'too many connections from this address');
  }

  #openStreams(connect: ConnectCommand): StreamCommands {
    const { plays, publishes, options, guard } = this.#parts;
    const { remote } = this.#connection;
    const client = guard.client({
      id: randomUUID(),
      protocol: 'rtmp',
      ip: this.#ip,
      remote,
      agent: connect.agent,
      connectQuery: connect.target.query,
      ...connect.urls,
      ...(connect.user === undefined ? {} : { user: connect.user }),
      ...(connect.password === undefined ? {} : { password: connect.password }),
    });
    this.#client = client;
    return new StreamCommands({
      client,
      believe: (target) => believePull(target, { ip: this.#ip, remote }, this.#parts),
      believeForward: (target) => believeForward(target, { ip: this.#ip, remote }, this.#parts),
      connection: this.#connection,
      connect,
      plays,
      publishes,
      vhosts: options.vhosts,
      onAsked: () => {
        this.#activities += 1;
        if (this.#activities > ACTIVITIES_MAX)
          throw new RtmpProtocolError('activities-max', `more than ${ACTIVITIES_MAX} publishes and plays`);
      },
      admit: (isPull) => this.#admit(isPull),
      onBusy: () => this.#clearDeadline(),
      onIdle: () => this.#startDeadline(),
      onStreamClosed: (reason, text, messageStream) =>
        this.#tellEnd(reason, text, 'message stream closed', { messageStream }),
    });
  }
}
