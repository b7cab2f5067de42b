import { isIP } from 'node:net';

/** Addresses by name in small letters, as a hosts file lists them (hosts(5)). */
export type Hosts = ReadonlyMap<string, readonly string[]>;

/** How names are completed, as resolv.conf(5) says. */
export interface SearchList {
  readonly domains: readonly string[];
  /** A name with so many dots is tried as it stands first. */
  readonly ndots: number;
}

/** Domains tried for one name. */
const DOMAINS_MAX = 8;

/** The most that resolvers take. */
const NDOTS_MAX = 15;

/** Lines of words; `#` begins a comment. */
const wordsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .map((line) => (line.split('#')[0] ?? '').trim().split(/\s+/))
    .filter(([first = '']) => first !== '');

export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const [address = '', ...names] of wordsOf(text)) {
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const known = hosts.get(name.toLowerCase());
      if (known === undefined) hosts.set(name.toLowerCase(), [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}

/** Of several `search` and `domain` lines the last counts. */
export function parseSearchList(text: string): SearchList {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const [keyword, ...words] of wordsOf(text.replaceAll(';', '#'))) {
    if (keyword === 'search') domains = words.slice(0, DOMAINS_MAX);
    if (keyword === 'domain') domains = words.slice(0, 1);
    if (keyword !== 'options') continue;
    for (const word of words) {
      const [, count] = /^ndots:(\d{1,3})$/.exec(word) ?? [];
      if (count !== undefined) ndots = Math.min(NDOTS_MAX, Number(count));
    }
  }
  return { domains: domains.map((domain) => domain.replace(/^\.+|\.+$/g, '')).filter(Boolean), ndots };
}

/** The full names that a name may mean, in the order in which they are asked for. A dot at its end: itself alone. */
export function fullNames(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const completed = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...completed] : [...completed, name];
}
