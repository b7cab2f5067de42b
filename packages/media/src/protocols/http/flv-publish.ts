import { randomUUID } from 'node:crypto';
import { type StreamKey, streamKey } from '@headwater/directory';
import type { Asker } from '../../arrival/client.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type {
  PublishEnd,
  PublishFeed,
  PublishRefused,
  PublishSession,
} from '../../desks/publish/publish-session.js';
import { makeFrame } from '../../wire/make-frame.js';
import { FlvParser } from '../../wire/nms/flv.js';
import type { FlvTarget } from './flv-target.js';

export interface FlvPublishOptions {
  readonly protocol: 'http-flv' | 'ws-flv';
  readonly target: FlvTarget;
  readonly client: Asker;
  readonly messageBytesMax: number;
  /** Ends the connection in its protocol's way. */
  readonly hangUp: (reason: PublishEnd) => void;
  /** Tells of what threw, and cuts the connection. */
  readonly fault: (error: unknown) => void;
}

/** How a publisher is told, at once or later, once. */
export interface FlvPublishAnswers {
  accepted(): void;
  refused(refusal: PublishRefused): void;
}

/** One stream coming in as FLV, over HTTP or WebSocket. */
export class FlvPublish implements PublishSession {
  readonly id = randomUUID();
  readonly key: StreamKey;
  readonly protocol: 'http-flv' | 'ws-flv';
  readonly remote: string;
  readonly agent: string;
  readonly #hangUp: (reason: PublishEnd) => void;
  readonly #fault: (error: unknown) => void;
  readonly #parser: FlvParser;
  #feed: PublishFeed | null = null;
  #answers: FlvPublishAnswers | null = null;
  #bytesIn = 0;

  constructor({ protocol, target, client, messageBytesMax, hangUp, fault }: FlvPublishOptions) {
    this.key = streamKey(target.name);
    this.protocol = protocol;
    this.remote = client.remote;
    this.agent = client.agent;
    this.#hangUp = hangUp;
    this.#fault = fault;
    this.#parser = new FlvParser(messageBytesMax, ({ kind, timestampMs, payload }) => {
      if (payload.length > 0) this.#feed?.push(makeFrame(kind, timestampMs, payload));
    });
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Asks the desk. What the client sends is to be read once it is accepted. */
  begin(desk: PublishDesk, answers: FlvPublishAnswers): void {
    this.#answers = answers;
    const answer = desk.publish(this);
    if (answer.accepted === false) {
      this.answered(answer);
      return;
    }
    this.#feed = answer.feed;
    if (answer.accepted === true) this.answered(null);
  }

  answered(refusal: PublishRefused | null): void {
    const answers = this.#answers;
    this.#answers = null;
    if (refusal === null) answers?.accepted();
    else {
      this.#feed = null;
      answers?.refused(refusal);
    }
  }

  /** Throws `FlvError` where the bytes are no FLV; the publisher is then to be told, and `finish`ed. */
  read(bytes: Buffer): void {
    if (this.#feed === null) return;
    this.#bytesIn += bytes.length;
    this.#parser.feed(bytes);
  }

  /** The client stopped, or its connection ended. May be called twice. */
  finish(): void {
    const feed = this.#feed;
    this.#feed = null;
    this.#answers = null;
    feed?.end();
  }

  end(reason: PublishEnd): void {
    this.#feed = null;
    this.#answers = null;
    this.#hangUp(reason);
  }

  fault(error: unknown): void {
    this.#fault(error);
  }
}
