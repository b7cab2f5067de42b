import type { CliIo } from './io.js';

/** A world in memory for tests of commands. */
export interface MemoryIo extends CliIo {
  readonly out: () => string;
  readonly err: () => string;
  readonly requests: string[];
  /** What the user does with Ctrl-C. */
  requestStop(): void;
  readonly exits: number[];
}

export function memoryIo(overrides: Partial<CliIo> & { readonly answer?: () => Response } = {}): MemoryIo {
  let out = '';
  let err = '';
  const requests: string[] = [];
  const exits: number[] = [];
  const listeners = new Set<() => void>();
  return {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
    get: async (url) => {
      requests.push(String(url));
      if (overrides.answer === undefined)
        throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') });
      const answer = overrides.answer();
      return { status: answer.status, text: await answer.text() };
    },
    send: async ({ method, url, token, body }) => {
      requests.push([method, url, token, body].filter((word) => word !== undefined).join(' '));
      const answer = overrides.answer?.() ?? new Response('', { status: 500 });
      return { status: answer.status, text: await answer.text() };
    },
    follow: async (url, onLine) => {
      requests.push(String(url));
      const answer = overrides.answer?.() ?? new Response('', { status: 500 });
      const text = await answer.text();
      if (answer.status === 200) for (const line of text.split('\n')) onLine(line);
      return { status: answer.status, text };
    },
    terminal: () => null,
    now: () => 1_000_000,
    onStopRequest(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pause: async () => {},
    onIdleSignal: () => () => {},
    onFault: () => () => {},
    exitNow: (status) => exits.push(status),
    ...overrides,
    out: () => out,
    err: () => err,
    requests,
    exits,
    requestStop: () => {
      for (const listener of listeners) listener();
    },
  };
}
