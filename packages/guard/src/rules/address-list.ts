import { BlockList, isIP } from 'node:net';

/** One entry: an IP address, `ADDRESS/BITS`, or `all`. Null where it is none of these. */
function parseEntry(
  text: string,
): { readonly address: string; readonly bits: number; readonly family: 'ipv4' | 'ipv6' } | 'all' | null {
  if (text === 'all') return 'all';
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || address.includes('%')) return null;
  const most = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const length = bits === undefined ? most : Number(bits);
  return length > most ? null : { address, bits: length, family: version === 4 ? 'ipv4' : 'ipv6' };
}

export const isAddressEntry = (text: string): boolean => parseEntry(text) !== null;

/** Addresses and networks. An IPv4 address within IPv6 (`::ffff:1.2.3.4`) is the IPv4 address. */
export class AddressList {
  readonly #list = new BlockList();
  #isAll = false;

  /** The entries must be valid by `isAddressEntry`. */
  constructor(entries: readonly string[]) {
    for (const text of entries) {
      const entry = parseEntry(text);
      if (entry === null) throw new TypeError(`"${text}" is no address`);
      if (entry === 'all') this.#isAll = true;
      else this.#list.addSubnet(entry.address, entry.bits, entry.family);
    }
  }

  has(ip: string): boolean {
    if (this.#isAll) return true;
    // An interface behind it (`fe80::1%eth0`) is this machine's business.
    const [address = ''] = ip.split('%', 1);
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }
}
