import { BlockList, isIP } from 'node:net';

const NETWORK = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i;

/** An address, or a network as `address/bits`; null for anything else. */
export function parseNetwork(text: string): { readonly address: string; readonly bits: number } | null {
  const [, address = '', bits] = NETWORK.exec(text) ?? [];
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const length = bits === undefined ? most : Number(bits);
  return family === 0 || length > most ? null : { address, bits: length };
}

/** The proxies whose word about clients counts, by `trustedProxies`. */
export class TrustedProxies {
  #networks = new BlockList();
  #isEmpty = true;

  /** Each as `parseNetwork` takes it; others are left out. */
  constructor(networks: readonly string[]) {
    this.replace(networks);
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Others from now on, for connections that come. */
  replace(networks: readonly string[]): void {
    this.#networks = new BlockList();
    const parsed = networks.map(parseNetwork).filter((network) => network !== null);
    this.#isEmpty = parsed.length === 0;
    for (const { address, bits } of parsed)
      this.#networks.addSubnet(address, bits, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }

  /** IPv4 as such. False for what is no IP. */
  has(ip: string): boolean {
    if (this.isEmpty) return false;
    const family = isIP(ip);
    return family !== 0 && this.#networks.check(ip, family === 4 ? 'ipv4' : 'ipv6');
  }
}
