import type { MediaEventListener } from '../../media-event.js';
import type { MediaHost } from '../../media-host.js';
import type { MediaLog } from '../../media-log.js';
import { inSlices } from '../in-slices.js';
import { afterClosing, type Closing } from './departure.js';
import type { ForwardDesk } from './forward-desk.js';
import type { Publish } from './publish.js';
import type { PublishEnd, PublishSession } from './publish-session.js';
import { aboutPublisher, eventOfPublisher } from './publisher-about.js';

export interface DepartureParts {
  /** Those that are here. */
  readonly publishes: Iterable<Publish>;
  readonly host: Pick<MediaHost, 'publishElsewhere'>;
  /** Null: nobody can be handed over. */
  readonly forwards: ForwardDesk | null;
  /** Whether those that come are published here; else they are all forwarded, as on an edge. */
  readonly acceptsPublishers: boolean;
  readonly log: MediaLog;
  readonly tell?: MediaEventListener;
  /** Ends a publish from our side. */
  readonly close: (publish: Publish, reason: PublishEnd) => void;
  /** Another origin has it whole. */
  readonly onForwarded: (publish: Publish) => void;
}

/** How publishers leave a member that drains or stops: asked to reconnect, handed over, or closed. `Departure` has the states. */
export class PublisherDepartures {
  readonly #parts: DepartureParts;
  /** Counts drains and their cancellations: what one began ends with it. */
  #sweep = 0;

  constructor(parts: DepartureParts) {
    this.#parts = parts;
  }

  /** Asks those who understand it to go elsewhere: the first at once, and where they are many the others in slices. */
  ask(): void {
    this.#sweep += 1;
    const { acceptsPublishers, forwards, publishes } = this.#parts;
    // On an origin they have been forwarded since it drains.
    if (!acceptsPublishers) forwards?.depart('asked', (session) => this.askSession(session));
    inSlices(publishes, (publish) => this.#ask(publish), this.#sameSweep());
  }

  /** The name of the member that it was asked to go to; null where it was not asked. */
  askSession({ key, reconnecting }: PublishSession): string | null {
    if (reconnecting === undefined) return null;
    const { reachedBy, isSecure } = reconnecting;
    const move = { key, isSecure, ...(reachedBy === undefined ? {} : { reachedBy }) };
    const target = this.#parts.host.publishElsewhere(move);
    if (target === null) return null;
    reconnecting.ask(target.address, this.#sweep);
    return target.profile.name;
  }

  /** Nobody is to leave any more; who was asked may have gone. */
  cancel(): void {
    this.#sweep += 1;
    this.#parts.forwards?.depart('staying', () => null);
    for (const publish of this.#parts.publishes) publish.departure = 'staying';
  }

  /**
   * Closes who is there, `others`: but those who were asked to reconnect, at their next keyframe. `handsOver`: those others are
   * handed over to another origin instead. The first at once, and where they are many the others in slices.
   */
  close(closing: Closing, handsOver: boolean): void {
    const { acceptsPublishers, forwards, publishes } = this.#parts;
    // What an origin forwards goes on until its end.
    if (!acceptsPublishers) forwards?.close(closing);
    const receiver = closing === 'others' && handsOver ? forwards : null;
    inSlices(publishes, (publish) => this.#leave(publish, closing, receiver), this.#sameSweep());
  }

  /** How many publishers were asked to reconnect and are here still. */
  get askedCount(): number {
    let count = 0;
    for (const { departure } of this.#parts.publishes) if (departure !== 'staying') count += 1;
    return count;
  }

  #sameSweep(): () => boolean {
    const sweep = this.#sweep;
    return () => sweep === this.#sweep;
  }

  #ask(publish: Publish): void {
    const { session } = publish;
    // Who forwards it hears from the mesh that this member drains, and moves it.
    if (session.forward !== undefined) {
      publish.departure = 'asked';
      return;
    }
    try {
      const target = this.askSession(session);
      if (target === null) return;
      publish.departure = 'asked';
      this.#parts.log.info({ ...aboutPublisher(session), target }, 'publisher asked to reconnect');
      this.#parts.tell?.({ kind: 'publish-asked-to-reconnect', ...eventOfPublisher(session), target });
    } catch (error) {
      session.fault(error);
    }
  }

  #leave(publish: Publish, closing: Closing, receiver: ForwardDesk | null): void {
    if (receiver !== null && publish.session.forward === undefined) {
      this.#handOver(publish, receiver);
      return;
    }
    const after = afterClosing(publish.departure, closing);
    if (after === 'closed')
      this.#parts.close(publish, publish.departure === 'staying' ? 'stopping' : 'reconnecting');
    else publish.departure = after;
  }

  /** It is published here until another origin has it: viewers go over to that one with the very next frame. */
  #handOver(publish: Publish, receiver: ForwardDesk): void {
    publish.departure = 'staying';
    publish.handedOver ??= receiver.handOver(
      publish.session,
      publish.source.past(),
      () => this.#parts.onForwarded(publish),
      () => {
        publish.handedOver = null;
      },
    );
  }
}
