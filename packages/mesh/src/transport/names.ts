import { Resolver } from 'node:dns/promises';
import { readCached } from './read-cached.js';
import { fullNames, type Hosts, parseHosts, parseSearchList, type SearchList } from './system-names.js';

/** A name that is not resolved by then counts as failed. Longer than a lost datagram is waited for. */
const RESOLVE_TIMEOUT_MS = 3_000;

/** First wait for a name server, before it, or the next one, is asked again. */
const SERVER_TIMEOUT_MS = 800;
const SERVER_TRIES = 2;

/** An answer that comes too late for who asked is waited for so long, and serves who asks next. As long as a resolver may take. */
const LATE_TIMEOUT_MS = 30_000;
const LATE_SERVER_TIMEOUT_MS = 10_000;

/** Once one family of addresses is known, the other one is waited for no longer than this. */
const OTHER_FAMILY_MS = 250;

/** Names resolved at once; others wait. */
const RESOLVING_MAX = 128;

/** Names whose last good addresses are kept. */
const KEPT_MAX = 1_024;

/** Addresses behind one name that count. */
export const ADDRESSES_PER_NAME_MAX = 64;

/** What servers answer where there is no such name, or no address of that family. All else is a failure of theirs. */
const NOTHING_THERE = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * `addresses`: IPv4 before IPv6, in the order of the answer. `failure`: a code of Node's `dns`; beside addresses: these
 * are the last good ones, since the name cannot be resolved at the moment.
 */
export interface Resolved {
  readonly addresses: readonly string[];
  readonly failure?: string;
}

export interface NamesOptions {
  /** Hosts file, `/etc/hosts` where absent. */
  readonly hostsFile?: string;
  /** Where the search list stands, `/etc/resolv.conf` where absent. */
  readonly resolvConf?: string;
  /** Name servers, `ip` or `ip:port`; absent: those of the system, read anew for each name. */
  readonly servers?: readonly string[];
  readonly timeoutMs?: number;
}

const HOSTS_FILE = process.platform === 'win32' ? 'C:/Windows/System32/drivers/etc/hosts' : '/etc/hosts';

/**
 * Resolves names of members, apart from the system's resolver: that one has two threads for the whole process, and names
 * that cannot be resolved hold each for up to 20 s, while relays wait for theirs. So: the hosts file first, as the system
 * does, then DNS by Node's own resolver (c-ares), with the search list of `resolv.conf`, which c-ares leaves to the caller.
 * Other sources of the system (mDNS, LDAP) are not asked.
 *
 * While DNS fails, the last good addresses of a name serve. A server that says there is no such name is no failure. One
 * that takes longer than anybody here waits is waited for apart from that, and its answer is such a last good one.
 */
export class Names {
  readonly #options: NamesOptions;
  readonly #hosts: () => Promise<Hosts>;
  readonly #searchList: () => Promise<SearchList>;
  readonly #kept = new Map<string, readonly string[]>();
  readonly #underWay = new Map<string, Promise<Resolved>>();
  readonly #late = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: NamesOptions = {}) {
    this.#options = options;
    this.#hosts = readCached(options.hostsFile ?? HOSTS_FILE, parseHosts);
    this.#searchList = readCached(options.resolvConf ?? '/etc/resolv.conf', parseSearchList);
  }

  /** The addresses that a name had last; empty where it was never resolved. */
  lastGood(name: string): readonly string[] {
    return this.#kept.get(name) ?? [];
  }

  /** Never rejects, and ends within some seconds once it is its turn. */
  resolve(name: string): Promise<Resolved> {
    const known = this.#underWay.get(name);
    if (known !== undefined) return known;
    const resolving = this.#inTurn(() => this.#resolve(name)).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, resolving);
    return resolving;
  }

  async #inTurn<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= RESOLVING_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #resolve(name: string): Promise<Resolved> {
    const listed = (await this.#hosts()).get(name.toLowerCase()) ?? loopback(name);
    if (listed !== undefined) return this.#keep(name, listed);
    const full = fullNames(name, await this.#searchList());
    const found = await this.#ask(full, SERVER_TIMEOUT_MS, this.#options.timeoutMs ?? RESOLVE_TIMEOUT_MS);
    if (found === 'ETIMEOUT') void this.#awaitLate(name, full);
    return this.#learn(name, found);
  }

  async #awaitLate(name: string, full: readonly string[]): Promise<void> {
    if (this.#late.has(name) || this.#late.size >= RESOLVING_MAX) return;
    this.#late.add(name);
    this.#learn(name, await this.#ask(full, LATE_SERVER_TIMEOUT_MS, LATE_TIMEOUT_MS));
    this.#late.delete(name);
  }

  #learn(name: string, found: readonly string[] | string): Resolved {
    if (typeof found !== 'string') return this.#keep(name, found);
    if (!NOTHING_THERE.has(found)) return { addresses: this.lastGood(name), failure: found };
    this.#kept.delete(name);
    return { addresses: [], failure: found };
  }

  #keep(name: string, found: readonly string[]): Resolved {
    const addresses = [...new Set(found)].slice(0, ADDRESSES_PER_NAME_MAX);
    if (this.#kept.size >= KEPT_MAX && !this.#kept.has(name)) this.#kept.clear();
    this.#kept.set(name, addresses);
    return { addresses };
  }

  /** A resolver for each name, so that its deadline ends nothing else. Returns addresses, or the code of the failure. */
  async #ask(
    fullNames: readonly string[],
    serverTimeoutMs: number,
    timeoutMs: number,
  ): Promise<readonly string[] | string> {
    const resolver = new Resolver({ timeout: serverTimeoutMs, tries: SERVER_TRIES });
    if (this.#options.servers !== undefined) resolver.setServers(this.#options.servers);
    let isOver = false;
    const deadline = setTimeout(() => {
      isOver = true;
      resolver.cancel();
    }, timeoutMs);
    const codes: string[] = [];
    try {
      for (const fullName of fullNames) {
        const found = await addressesOf(resolver, fullName);
        if (typeof found !== 'string') return found;
        if (isOver) return 'ETIMEOUT';
        codes.push(found);
      }
      return worstOf(codes);
    } finally {
      clearTimeout(deadline);
      resolver.cancel();
    }
  }
}

/** RFC 6761, section 6.3: names of loopback are known without asking. */
function loopback(name: string): readonly string[] | undefined {
  return /(^|\.)localhost\.?$/i.test(name) ? ['127.0.0.1', '::1'] : undefined;
}

/** All addresses of one full name, or why there are none. */
async function addressesOf(resolver: Resolver, fullName: string): Promise<readonly string[] | string> {
  const orCode = (answer: Promise<readonly string[]>): Promise<readonly string[] | string> =>
    answer.catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
  const families = [orCode(resolver.resolve4(fullName)), orCode(resolver.resolve6(fullName))];
  const answers: (readonly string[] | string)[] = [];
  await new Promise<void>((resolve) => {
    let grace: NodeJS.Timeout | undefined;
    for (const [index, family] of families.entries()) {
      void family.then((answer) => {
        answers[index] = answer;
        if (Object.keys(answers).length === families.length || answers[0] === 'ENOTFOUND') {
          clearTimeout(grace);
          resolve();
        } else if (typeof answer !== 'string') grace = setTimeout(resolve, OTHER_FAMILY_MS);
      });
    }
  });
  const found = answers.flatMap((answer) => (typeof answer === 'string' ? [] : answer));
  if (found.length > 0) return found;
  // No such name at all holds for either family, so the other is not waited for: some drop what they are asked of IPv6, and
  // others say of it that there is no such name where there is one (RFC 4074, section 4), so only IPv4's word counts.
  return answers[0] === 'ENOTFOUND'
    ? 'ENOTFOUND'
    : worstOf(answers.filter((answer) => typeof answer === 'string'));
}

/** Of several answers without an address: a failure of the server, else that the name is there at least. */
const worstOf = (codes: readonly string[]): string =>
  codes.find((code) => !NOTHING_THERE.has(code)) ?? codes.find((code) => code === 'ENODATA') ?? 'ENOTFOUND';
