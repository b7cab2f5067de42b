import { awaitCondition } from '@headwater/testing/await-condition';
import { TestProcess } from '../support/child-process.js';
import { freePorts } from '../support/free-port.js';
import { whole } from '../support/options.js';
import { cleanEnvironment } from '../support/origin-process.js';
import { REPOSITORY } from '../support/repository.js';
import { Scope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { bench } from './bench.js';
import { type ProfiledPlace, profileOf } from './cpu-profile.js';
import type { LinkNews, LinkOrder } from './link-end.js';
import { cpuTimeMs } from './process-cost.js';

const PROGRAM = `${REPOSITORY}/test/dist/bench/link-end.js`;
/** Compiled and settled by then. */
const WARM_LINKS = 60;

/**
 * What one new link between two members costs each side, transport only: TCP, the handshake, the streams, a hello of 3 KB
 * both ways, gossip's own greetings, and the end of it. One after the other, two processes on loopback. Linux only: it
 * reads /proc.
 */
export const link = bench(
  'what one new link between two members costs each side, and where the time goes',
  { links: whole('links that are made', { default: 200, min: 1 }) },
  (_scope, { links }) => costOf(links),
);

async function costOf(links: number): Promise<object> {
  const cost = await within(async (scope) => {
    const [dialling, answering] = await pair(scope, []);
    await dialling.dial(answering, WARM_LINKS);
    const before = [dialling, answering].map(({ pid }) => cpuTimeMs(pid));
    await dialling.dial(answering, links);
    const [dialler = 0, listener = 0] = [dialling, answering].map(
      ({ pid }, index) => (cpuTimeMs(pid) - (before[index] ?? 0)) / links,
    );
    return { dialler: round(dialler), listener: round(listener) };
  });
  const shares = await within(async (scope) => {
    const ports = await freePorts(scope, 2);
    const [dialling, answering] = await pair(scope, ports);
    await dialling.dial(answering, WARM_LINKS);
    const [atDialler = 0, atListener = 0] = ports;
    const [dialler, listener] = await profilesDuring([atDialler, atListener], () =>
      dialling.dial(answering, links),
    );
    return { dialler, listener };
  });
  return {
    what: 'one new link, transport only, two processes on loopback',
    links,
    cpuMsPerLink: cost,
    whereTimeGoes: shares,
  };

  async function profilesDuring(ports: readonly [number, number], work: () => Promise<void>) {
    let listener: Record<string, string> = {};
    const dialler = await profileOf(ports[0], async () => {
      listener = (await profileOf(ports[1], work)).shares(partOf);
    });
    return [dialler.shares(partOf), listener] as const;
  }
}

class LinkEnd {
  readonly #news: LinkNews[] = [];
  readonly #process: TestProcess;

  constructor(scope: Scope, folder: string, inspect: number | undefined) {
    const flags = inspect === undefined ? [] : [`--inspect=127.0.0.1:${inspect}`];
    this.#process = new TestProcess(scope, process.execPath, [...flags, PROGRAM, folder], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.child.on('message', (news) => this.#news.push(news as LinkNews));
  }

  get pid(): number {
    return this.#process.pid;
  }

  listening() {
    return awaitCondition('a link end to listen', () => this.#news.find((news) => news.kind === 'listening'));
  }

  async dial(other: LinkEnd, links: number): Promise<void> {
    const { peer, address } = await other.listening();
    this.#news.splice(0);
    const order: LinkOrder = { kind: 'dial', peer, address, links };
    this.#process.child.send(order);
    await awaitCondition(`${links} links`, () => this.#news.some(({ kind }) => kind === 'done'), {
      deadlineMs: 600_000,
      instead: () => [this.#process.testimony()],
    });
  }
}

async function pair(scope: Scope, inspect: readonly number[]): Promise<readonly [LinkEnd, LinkEnd]> {
  const dialling = new LinkEnd(scope, await scratchFolder(scope), inspect[0]);
  const answering = new LinkEnd(scope, await scratchFolder(scope), inspect[1]);
  await Promise.all([dialling.listening(), answering.listening()]);
  return [dialling, answering];
}

async function within<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}

/** The part of the program that a function belongs to; null where its caller tells more. */
function partOf({ functionName, url }: ProfiledPlace): string | null {
  if (functionName === '(program)') return 'the kernel and node’s C++';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (/packages\/mesh\//.test(url)) return WRAPPERS.test(url) ? null : 'headwater';
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (name === undefined) return url.startsWith('node:internal/process/task') ? 'all else' : null;
  const part = PARTS.find(([pattern]) => pattern.test(name));
  return part?.[1] ?? null;
}

/** What libp2p's own code is wrapped in. */
const WRAPPERS = /joined-writes|guarded-tcp|lazy-window|keyed-noise|gossip\.js/;

const PARTS: readonly (readonly [RegExp, string])[] = [
  [/noise|as-chacha|as-sha/, 'noise'],
  [/yamux/, 'yamux'],
  [/identify/, 'identify'],
  [/gossipsub/, 'gossipsub'],
  [/peer-store|peer-record/, 'peer store'],
  [/multistream-select/, 'multistream-select'],
  [/@libp2p\/tcp/, 'tcp'],
  [/@libp2p\/(crypto|peer-id)/, 'identity keys'],
  [/^libp2p$/, 'libp2p, its connection manager and upgrader'],
];

const round = (value: number) => Math.round(value * 100) / 100;
