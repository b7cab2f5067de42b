import { randomUUID } from 'node:crypto';
import { displayStreamKey, type StreamKey } from '@headwater/directory';
import type { ForwardMark } from '../../desks/publish/forward-mark.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type {
  PublishEnd,
  PublishFeed,
  PublishRefusal,
  PublishRefused,
  PublishSession,
  Reconnecting,
} from '../../desks/publish/publish-session.js';
import type { Frame } from '../../wire/frame.js';
import * as answers from './answers.js';
import { reconnectUrl } from './reconnect-url.js';
import type { RtmpPlace } from './rtmp-place.js';
import type { StreamTarget } from './stream-target.js';

/** What a publisher hears whose connection stays for others on it. */
const END_CODES: Readonly<Record<PublishEnd, string>> = {
  'taken-over': 'NetStream.Publish.BadName',
  'owned-elsewhere': 'NetStream.Publish.BadName',
  'already-published': 'NetStream.Publish.BadName',
  'no-origin': 'NetStream.Failed',
  idle: 'NetStream.Publish.Idle',
  stopping: 'NetStream.Failed',
  reconnecting: 'NetStream.Failed',
  kicked: 'NetStream.Publish.Denied',
};

/** People are to see why, rather than have the encoder merely connect again. */
const TOLD_ENDS: ReadonlySet<PublishEnd> = new Set([
  'taken-over',
  'owned-elsewhere',
  'already-published',
  'kicked',
]);

/** One `publish` of an RTMP client. */
export class RtmpPublish implements PublishSession {
  readonly id = randomUUID();
  readonly protocol = 'rtmp';
  readonly key: StreamKey;
  readonly remote: string;
  readonly agent: string;
  readonly reconnecting?: Reconnecting;
  readonly forward?: ForwardMark;
  readonly #place: RtmpPlace;
  #feed: PublishFeed | null = null;
  #isOver = false;

  /** `target`: what the client named. `forward`: the client is a member that forwards it. */
  constructor(place: RtmpPlace, key: StreamKey, target: StreamTarget, forward: ForwardMark | null = null) {
    this.#place = place;
    this.key = key;
    this.remote = place.connection.remote;
    this.agent = place.connect.agent;
    if (forward !== null) this.forward = forward;
    if (place.connect.canReconnect) this.reconnecting = reconnectingOf(place, target);
  }

  /** Asks the desk, and answers where it knows at once. False where the publish was refused. */
  begin(desk: PublishDesk): boolean {
    const answer = desk.publish(this);
    if (answer.accepted === false) {
      this.#refuse(answer);
      return false;
    }
    if (this.#isOver) {
      // A claim may be lost in the same moment; then `end` has told. Or the connection ended, and the desk is to hear of it.
      answer.feed.end();
      return false;
    }
    this.#feed = answer.feed;
    if (answer.accepted === true) this.#start();
    return true;
  }

  answered(refusal: PublishRefused | null): void {
    if (this.#isOver) return;
    if (refusal === null) {
      this.#start();
      return;
    }
    this.#isOver = true;
    this.#refuse(refusal);
  }

  #start(): void {
    const { connection, stream } = this.#place;
    const text = `${displayStreamKey(this.key)} is now published`;
    connection.send(
      answers.streamBegin(stream.id),
      answers.onStatus(stream.id, 'status', 'NetStream.Publish.Start', text),
    );
  }

  #refuse({ code, text }: PublishRefused): void {
    const { stream, leave } = this.#place;
    leave(code, text, answers.publishRefusal(stream.id, text, this.#details(code)));
  }

  /** A member goes by the code, people by the words. */
  #details(code: PublishRefusal | PublishEnd): { readonly details?: string } {
    return this.forward === undefined ? {} : { details: code };
  }

  push(frame: Frame): void {
    if (!this.#isOver) this.#feed?.push(frame);
  }

  /** The client ended it, or its connection is gone. */
  close(): void {
    this.#isOver = true;
    this.#feed?.end();
  }

  end(reason: PublishEnd): void {
    const { stream, isAlone, leave } = this.#place;
    this.#isOver = true;
    const text = `the publisher was closed: ${reason}`;
    // Encoders show an error to people; who is merely idle, or is to reconnect elsewhere, sees the close.
    const isTold = TOLD_ENDS.has(reason) || !isAlone() || this.forward !== undefined;
    const lastWords = answers.onStatus(stream.id, 'error', END_CODES[reason], text, this.#details(reason));
    leave(reason, text, ...(isTold ? [lastWords] : []));
  }

  fault(error: unknown): void {
    this.#isOver = true;
    this.#place.connection.fault(error);
  }
}

function reconnectingOf(
  { connection, connect, askToReconnect }: RtmpPlace,
  target: StreamTarget,
): Reconnecting {
  const { host } = connect.target;
  const isSecure = connection.isSecure || connect.target.isSecure;
  return {
    isSecure,
    ...(host === undefined ? {} : { reachedBy: host }),
    ask: (address, sweep) => askToReconnect(reconnectUrl(address, connect, target, isSecure), sweep),
  };
}
