import type { IncomingMessage } from 'node:http';

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
export async function httpGet(url: URL, timeoutMs: number): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  if (url.protocol === 'http:') {
    const answer = await plainGet(url, signal);
    if (!REDIRECTS.has(answer.status)) return answer;
  }
  const response = await fetch(url, { signal });
  return { status: response.status, text: await response.text() };
}

async function plainGet(url: URL, signal: AbortSignal): Promise<HttpAnswer> {
  const { get } = await import('node:http');
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { signal, agent: false }, resolve).once('error', reject);
    });
    response.setEncoding('utf8');
    let text = '';
    for await (const part of response) text += part;
    return { status: response.statusCode ?? 0, text };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
