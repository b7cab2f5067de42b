import type { MediaEvent } from '@headwater/media';

type RelayStarted = Extract<MediaEvent, { kind: 'relay-started' }>;
type RelayEnded = Extract<MediaEvent, { kind: 'relay-ended' }>;

/** Which relays a worker has, by what it told: one that is killed says of none that it ended. */
export class OpenRelays {
  readonly #open = new Map<string, RelayStarted>();

  note(event: MediaEvent): void {
    if (event.kind !== 'relay-started' && event.kind !== 'relay-ended') return;
    const { relay } = event;
    if (relay === undefined) return;
    if (event.kind === 'relay-started') this.#open.set(relay, event);
    else this.#open.delete(relay);
  }

  /** The worker has ended: what it would have told. */
  ended(): readonly RelayEnded[] {
    const ends = [...this.#open].map(
      ([relay, { key, owner }]): RelayEnded => ({
        kind: 'relay-ended',
        relay,
        key,
        owner,
        reason: 'worker-ended',
      }),
    );
    this.#open.clear();
    return ends;
  }
}
