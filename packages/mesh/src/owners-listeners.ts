import { type OwnersChange, Slice, type StreamKey, type StreamKeys } from '@headwater/directory';

interface Subscription {
  readonly listener: (key: StreamKey) => void;
  readonly interest: StreamKeys;
  /** To be told still; in the order in which they changed. */
  readonly due: Set<StreamKey>;
}

/**
 * Tells listeners which of the streams that they are interested in may have other owners now. The first are told at once;
 * where they are thousands, the others in slices, each turn of the event loop.
 */
export class OwnersListeners {
  readonly #subscriptions = new Set<Subscription>();
  readonly #onFault: (error: unknown) => void;
  #next: NodeJS.Immediate | null = null;

  /** `onFault`: a listener threw; that is not the mesh's fault, and the others are told. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Returns how to stop being told. */
  add(listener: (key: StreamKey) => void, interest: StreamKeys): () => void {
    const subscription: Subscription = { listener, interest, due: new Set() };
    this.#subscriptions.add(subscription);
    return () => {
      this.#subscriptions.delete(subscription);
      subscription.due.clear();
    };
  }

  tell(change: OwnersChange): void {
    if (change.isEmpty) return;
    for (const { interest, due } of this.#subscriptions)
      for (const key of change.among(interest)) {
        // Whoever is told later sees what is true then: once is enough.
        due.add(key);
      }
    // What came before is told first.
    if (this.#next === null) this.#tellSlice();
  }

  stop(): void {
    if (this.#next !== null) clearImmediate(this.#next);
    this.#next = null;
    for (const { due } of this.#subscriptions) due.clear();
    this.#subscriptions.clear();
  }

  #tellSlice(): void {
    const slice = new Slice(() => performance.now());
    for (const subscription of this.#subscriptions) {
      for (const key of subscription.due) {
        if (slice.isOver) {
          this.#next = setImmediate(() => {
            this.#next = null;
            this.#tellSlice();
          });
          return;
        }
        subscription.due.delete(key);
        this.#tellOne(subscription, key);
      }
    }
  }

  #tellOne({ listener }: Subscription, key: StreamKey): void {
    try {
      listener(key);
    } catch (error) {
      this.#onFault(error);
    }
  }
}
