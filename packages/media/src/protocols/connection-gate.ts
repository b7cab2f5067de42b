/** Least places beyond `limits.connectionsMax`, and their share of it. */
const SPARE_MIN = 4;
const SPARE_SHARE = 0.05;

/** Connections that are let in beyond the limit, to be sent to another member, or refused in words. */
export const spareOf = (connectionsMax: number): number =>
  Math.max(SPARE_MIN, Math.floor(connectionsMax * SPARE_SHARE));

/** Counts connections of all listeners against `limits.connectionsMax` and `limits.connectionsPerAddressMax`. */
export class ConnectionGate {
  readonly #connectionsMax: number;
  readonly #perAddressMax: number;
  readonly #byAddress = new Map<string, number>();
  readonly #spare: number;
  #connections = 0;

  /** `spare`: how many more than `connectionsMax` are let in; see `spareOf`. */
  constructor(connectionsMax: number, perAddressMax: number, spare = 0) {
    this.#connectionsMax = connectionsMax;
    this.#perAddressMax = perAddressMax;
    this.#spare = spare;
  }

  /** There are more connections than there should be. */
  get isFull(): boolean {
    return this.#connections > this.#connectionsMax;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Takes a place for a client's IP. Returns how to give it back (once counts), or why there is none. */
  enter(address: string): (() => void) | 'connections-max' | 'connections-per-address-max' {
    if (this.#connections >= this.#connectionsMax + this.#spare) return 'connections-max';
    const here = this.#byAddress.get(address) ?? 0;
    if (here >= this.#perAddressMax) return 'connections-per-address-max';
    this.#connections += 1;
    this.#byAddress.set(address, here + 1);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#connections -= 1;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    };
  }
}
