import type { MediaEvent } from '@headwater/media';

type Started = Extract<MediaEvent, { kind: 'relay-started' | 'publish-started' }>;

/**
 * The publishes and relays of a worker, by what it told: one that is killed says of none that it ended. Its players are not
 * remembered here: thousands of ends at once would leave no room for other events.
 */
export class Unfinished {
  readonly #started = new Map<string, Started>();

  note(event: MediaEvent): void {
    if (event.kind === 'publish-started') this.#started.set(event.id, event);
    else if (event.kind === 'publish-ended') this.#started.delete(event.id);
    else if (event.kind === 'relay-started' && event.relay !== undefined)
      this.#started.set(event.relay, event);
    else if (event.kind === 'relay-ended' && event.relay !== undefined) this.#started.delete(event.relay);
  }

  /** The worker has ended: what it would have told. */
  ended(): readonly MediaEvent[] {
    const ends = [...this.#started.values()].map(endOf);
    this.#started.clear();
    return ends;
  }
}

function endOf(started: Started): MediaEvent {
  const reason = 'worker-ended';
  if (started.kind === 'publish-started') return { ...started, kind: 'publish-ended', reason };
  const { relay, key, owner } = started;
  return { kind: 'relay-ended', ...(relay !== undefined && { relay }), key, owner, reason };
}
