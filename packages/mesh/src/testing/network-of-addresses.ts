import type { Connection, Libp2p } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { Dialler, type DiallerHost } from '../transport/dialler.js';
import { Names, type Resolved } from '../transport/names.js';

/** What answers at an address: a member by its id, nobody in one of two ways, or the error that the dial ends with. */
type AddressAnswer = string | 'refused' | 'silent' | Error;

interface DialOptionsSeen {
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: { readonly type: string }) => void;
}

/**
 * A dialler in a network in which each address, `host:port`, answers as some member, refuses (as all that are not listed
 * do), or never answers.
 */
export function diallerIn(
  answers: Readonly<Record<string, AddressAnswer>>,
  names = new Names(),
  more: Partial<DiallerHost> = {},
) {
  const dialled: string[] = [];
  const ended: string[] = [];
  const connected = new Set<string>();
  const progress = new Map<string, (type: string) => void>();
  const node = {
    dial(address: Multiaddr, { signal, onProgress }: DialOptionsSeen): Promise<Connection> {
      const [, , host, , port] = address.toString().split('/');
      const name = `${host}:${port}`;
      dialled.push(name);
      progress.set(name, (type) => onProgress?.({ type }));
      const answer = answers[name] ?? 'refused';
      if (answer === 'refused') return Promise.reject(new Error('connect ECONNREFUSED'));
      if (answer instanceof Error) return Promise.reject(answer);
      if (answer !== 'silent')
        return Promise.resolve({ remotePeer: { toString: () => answer } } as unknown as Connection);
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          ended.push(`${name} ${signal.reason.name}`);
          reject(signal.reason);
        });
      });
    },
  } as unknown as Libp2p;
  const host: DiallerHost = {
    self: 'm',
    port: 1,
    selfMet: () => 0,
    isConnected: (peer) => connected.has(peer),
    hasMet: () => false,
    isAnswering: () => false,
    open: () => Promise.resolve(),
    ...more,
  };
  return {
    dialler: new Dialler(node, names, host),
    /** Each address that was dialled, in order. */
    dialled,
    /** Each dial that was ended before it was over, with the name of its reason. */
    ended,
    /** Members that are connected by now: the test says so, no dial does. */
    connected,
    /** What libp2p reports of a dial under way to this address. */
    report: (address: string, type: string) => progress.get(address)?.(type),
  };
}

/** Names that lead to what the test says. */
export const namesOf = (resolved: Readonly<Record<string, Resolved>>): Names =>
  ({
    resolve: (name: string) =>
      Promise.resolve(resolved[name] ?? ({ addresses: [], failure: 'ENOTFOUND' } satisfies Resolved)),
  }) as Partial<Names> as Names;

/** Lets everything go on that waits for nothing but a turn of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
