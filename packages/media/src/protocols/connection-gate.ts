/** Counts connections of all listeners against `limits.connectionsMax` and `limits.connectionsPerAddressMax`. */
export class ConnectionGate {
  readonly #connectionsMax: number;
  readonly #perAddressMax: number;
  readonly #byAddress = new Map<string, number>();
  #connections = 0;

  constructor(connectionsMax: number, perAddressMax: number) {
    this.#connectionsMax = connectionsMax;
    this.#perAddressMax = perAddressMax;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Takes a place for a client's IP. Returns how to give it back (once counts), or why there is none. */
  enter(address: string): (() => void) | 'connections-max' | 'connections-per-address-max' {
    if (this.#connections >= this.#connectionsMax) return 'connections-max';
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
