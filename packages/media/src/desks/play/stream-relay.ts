import type { Owner, StreamKey } from '@headwater/directory';
import type { RelayHandle, RelayPuller } from '../../relay/relay-contract.js';
import type { StreamTable } from '../../stream/stream-table.js';

/**
 * The one pull of a stream on this member: started by the first play that needs it, ended some time after the last one
 * left, or when nothing flows and nobody owns the stream.
 */
export class StreamRelay {
  readonly #key: StreamKey;
  readonly #streams: StreamTable;
  readonly #puller: RelayPuller;
  readonly #lingerMs: number;
  readonly #onEnded: () => void;
  #pull: { readonly handle: RelayHandle; readonly letGo: () => void } | null = null;
  #lingerTimer: NodeJS.Timeout | null = null;
  #owners: readonly Owner[] = [];

  constructor(
    key: StreamKey,
    streams: StreamTable,
    puller: RelayPuller,
    lingerMs: number,
    onEnded: () => void,
  ) {
    this.#key = key;
    this.#streams = streams;
    this.#puller = puller;
    this.#lingerMs = lingerMs;
    this.#onEnded = onEnded;
  }

  get isRunning(): boolean {
    return this.#pull !== null;
  }

  /** Whether media comes from an owner right now. */
  get isFlowing(): boolean {
    return this.#pull !== null && this.#pull.handle.from !== null;
  }

  /** Pulls from these owners; goes on where it runs already. */
  start(owners: readonly Owner[]): void {
    this.keep();
    if (this.#pull !== null || owners.length === 0) return;
    const stream = this.#streams.open(this.#key);
    const letGo = stream.hold();
    this.#owners = owners;
    let hasStarved = false;
    const onStarved = () => {
      hasStarved = true;
      if (this.#pull?.handle !== handle || this.#owners.length > 0) return;
      this.stop();
      this.#onEnded();
    };
    const handle = this.#puller.start({ key: this.#key, stream, owners, onStarved });
    this.#pull = { handle, letGo };
    if (hasStarved) onStarved();
  }

  /** The owners changed. A pull whose media flows outlives its owner's claim; see `RelayHandle`. */
  update(owners: readonly Owner[]): void {
    this.#owners = owners;
    if (this.#pull === null) return;
    if (owners.length === 0 && !this.isFlowing) this.stop();
    else this.#pull.handle.update(owners);
  }

  /** Somebody plays: no end for lack of players. */
  keep(): void {
    if (this.#lingerTimer !== null) clearTimeout(this.#lingerTimer);
    this.#lingerTimer = null;
  }

  /** Nobody plays any more: ends after a while. */
  linger(): void {
    this.#lingerTimer ??= setTimeout(() => {
      this.stop();
      this.#onEnded();
    }, this.#lingerMs);
  }

  stop(): void {
    this.keep();
    const pull = this.#pull;
    this.#pull = null;
    pull?.handle.stop();
    pull?.letGo();
  }
}
