import type { IncomingMessage } from 'node:http';
import type { ApiRequest } from './io.js';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** What only `fetch` deals with: another place to ask. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * GET with a deadline for all of it. A health check runs each few seconds: node's own `http` is ready in a tenth of the
 * time that `fetch` takes, which is left to do what it alone can. Rejects with the system's error, or one named
 * `TimeoutError`.
 */
export async function httpGet(url: URL, timeoutMs: number, token?: string): Promise<HttpAnswer> {
  const headers = bearing(token);
  const signal = AbortSignal.timeout(timeoutMs);
  if (url.protocol === 'http:') {
    const answer = await plainGet(url, signal, headers);
    if (!REDIRECTS.has(answer.status)) return answer;
  }
  const response = await fetch(url, { signal, headers });
  return { status: response.status, text: await response.text() };
}

/** A redirect to another origin loses it: `fetch` takes care. */
const bearing = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${token}` };

async function plainGet(
  url: URL,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>>,
): Promise<HttpAnswer> {
  const { get } = await import('node:http');
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { signal, headers, agent: false }, resolve).once('error', reject);
    });
    response.setEncoding('utf8');
    let text = '';
    for await (const part of response) text += part;
    return { status: response.statusCode ?? 0, text };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

/** A request that changes something; deadline and rejections as with `httpGet`. */
export async function httpSend(
  { method, url, token, body }: ApiRequest,
  timeoutMs: number,
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method,
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...bearing(token),
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, text: await response.text() };
}

/** Longest line of a stream that is kept, characters. */
const LINE_LENGTH_MAX = 1024 * 1024;

/** A member that is well says something each 15 s. */
const FOLLOW_LIMITS = { headMs: 5000, quietMs: 45_000 } as const;

/**
 * GET of server-sent events line by line, for as long as they last or until the signal aborts. Resolves at once, with all of
 * the answer, where its status is not 200. Rejects where nothing is answered in time, later nothing comes any more, or what
 * comes are no events.
 */
export async function httpFollow(
  url: URL,
  onLine: (line: string) => void,
  token?: string,
  signal?: AbortSignal,
  { headMs, quietMs }: { readonly headMs: number; readonly quietMs: number } = FOLLOW_LIMITS,
): Promise<HttpAnswer> {
  const late = new AbortController();
  const within = (ms: number) =>
    setTimeout(() => late.abort(new Error(`nothing came within ${ms} ms`)), ms).unref();
  let timer = within(headMs);
  try {
    const response = await fetch(url, {
      headers: bearing(token),
      signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    });
    const { status, headers, body } = response;
    if (status !== 200 || body === null) return { status, text: await response.text() };
    if (!/^text\/event-stream\b/i.test(headers.get('content-type') ?? ''))
      throw new Error('what it answers are no events');
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true });
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      if (text.length > LINE_LENGTH_MAX) throw new Error('what it sends are no events');
      if (lines.length === 0) continue;
      clearTimeout(timer);
      timer = within(quietMs);
      for (const line of lines) onLine(line);
    }
    return { status, text: '' };
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}
