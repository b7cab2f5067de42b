/** An IPv4 address within IPv6 (RFC 4291, 2.5.5.2), as sockets tell it that take both families. */
const MAPPED = /^(?:::|(?:0{1,4}:){5})ffff:(?:([\d.]+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i;

/** The IPv4 address where it is one within IPv6; any other text as it is. */
export function plainAddress(address: string): string {
  const found = MAPPED.exec(address);
  if (found === null) return address;
  const [, dotted, high = '0', low = '0'] = found;
  if (dotted !== undefined) return dotted;
  const bytes = [high, low].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
  return bytes.join('.');
}

/** The eight groups of an IPv6 address, its zone left out; null where it is none. */
export function ipv6Groups(text: string): readonly number[] | null {
  const [address = ''] = text.split('%', 1);
  const halves = address.split('::');
  if (halves.length > 2 || !address.includes(':')) return null;
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':').flatMap(groupsOf)));
  if (left === undefined) return null;
  const known = left.length + (right?.length ?? 0);
  if (right === undefined ? known !== 8 : known > 7) return null;
  const groups = [...left, ...Array<number>(8 - known).fill(0), ...(right ?? [])];
  return groups.every((group) => group >= 0 && group <= 0xffff) ? groups : null;
}

/** One group, or two where the address ends as IPv4 does. What is no group is out of range. */
function groupsOf(part: string): number[] {
  if (/^[\da-f]{1,4}$/i.test(part)) return [Number.parseInt(part, 16)];
  const bytes = part.split('.').map((byte) => (/^\d{1,3}$/.test(byte) ? Number(byte) : 256));
  const [a = 256, b = 256, c = 256, d = 256] = bytes;
  return bytes.length === 4 && bytes.every((byte) => byte < 256) ? [a * 256 + b, c * 256 + d] : [-1];
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '0:0:0:0:0:0:0:1']);

/** A host in the one form in which it is compared: case, the dot that ends a name, and how an IPv6 is written do not count. */
function comparable(host: string): string {
  const plain = plainAddress(host.toLowerCase().replace(/\.$/, ''));
  return (
    ipv6Groups(plain)
      ?.map((group) => group.toString(16))
      .join(':') ?? plain
  );
}

/** Host names that mean the same place for a client; all names of loopback are one. */
export function sameHost(a: string, b: string): boolean {
  if (a === b) return true;
  const left = comparable(a);
  const right = comparable(b);
  return left === right || (LOOPBACK.has(left) && LOOPBACK.has(right));
}

/** `host:port`, IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
