import { AddressList, isAddressEntry } from '@headwater/guard';

/** An IP address, or a network as `address/bits`. */
const isNetwork = (text: string): boolean => text !== 'all' && isAddressEntry(text);

/** The proxies whose word about clients counts, by `trustedProxies`. */
export class TrustedProxies {
  #networks = new AddressList([]);
  #isEmpty = true;

  /** Addresses and networks; others are left out. */
  constructor(networks: readonly string[]) {
    this.replace(networks);
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Others from now on, for connections that come. */
  replace(networks: readonly string[]): void {
    const known = networks.filter(isNetwork);
    this.#networks = new AddressList(known);
    this.#isEmpty = known.length === 0;
  }

  /** False for what is no IP. */
  has(ip: string): boolean {
    return !this.isEmpty && this.#networks.has(ip);
  }
}
