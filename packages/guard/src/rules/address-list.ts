import { BlockList, isIP } from 'node:net';
import { plainAddress } from '@headwater/directory';

interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** How many bits of an IPv6 address say that an IPv4 address is in it (`::ffff:0:0/96`). */
const MAPPED_BITS = 96;

/** One entry: an IP address, `ADDRESS/BITS`, or `all`. Null where it is none of these. */
function parseEntry(text: string): Network | 'all' | null {
  if (text === 'all') return 'all';
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || address.includes('%')) return null;
  const most = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const length = bits === undefined ? most : Number(bits);
  if (length > most) return null;
  if (version === 4) return { address, bits: length, family: 'ipv4' };
  const plain = plainAddress(address);
  return isIP(plain) === 4 && length >= MAPPED_BITS
    ? { address: plain, bits: length - MAPPED_BITS, family: 'ipv4' }
    : { address, bits: length, family: 'ipv6' };
}

export const isAddressEntry = (text: string): boolean => parseEntry(text) !== null;

/**
 * Addresses and networks. An IPv4 address within IPv6 (`::ffff:1.2.3.4`) is the IPv4 address, in entries as well. So
 * networks of IPv6, `::/0` among them, hold no IPv4 address: node's own list, which holds both in one, says otherwise.
 */
export class AddressList {
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  #isAll = false;

  /** The entries must be valid by `isAddressEntry`. */
  constructor(entries: readonly string[]) {
    for (const text of entries) {
      const entry = parseEntry(text);
      if (entry === null) throw new TypeError(`"${text}" is no address`);
      if (entry === 'all') this.#isAll = true;
      else this.#lists[entry.family].addSubnet(entry.address, entry.bits, entry.family);
    }
  }

  has(ip: string): boolean {
    if (this.#isAll) return true;
    // An interface behind it (`fe80::1%eth0`) is this machine's business.
    const [address = ''] = plainAddress(ip).split('%', 1);
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    return this.#lists[family].check(address, family);
  }
}
