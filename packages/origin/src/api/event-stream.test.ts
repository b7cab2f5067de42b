import { getEventListeners } from 'node:events';
import { Hono } from 'hono';
import { afterEach, expect, it, vi } from 'vitest';
import { EventLog } from '../events/event-log.js';
import { EventStreams, FOLLOWERS_MAX } from './event-stream.js';

afterEach(() => vi.unstubAllGlobals());

it('says that it is still here where others than those that are followed happen', async () => {
  const log = new EventLog('start', Date.now);
  const streams = new EventStreams(log, null, undefined, 0);
  const api = new Hono();
  api.get('/events', (context) => streams.follow(context, 'all', { kinds: ['member'] }));
  log.tell({ kind: 'configuration-reloaded' });
  const response = await api.request('/events');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  while (!text.includes(': still here')) {
    const { value, done } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  await reader.cancel();
  expect(text).toBe('retry: 1000\n\n: still here\n\n');
});

it('gives no place to who asks for the head alone, which nothing would end', async () => {
  let following = 0;
  const streams = new EventStreams(new EventLog('start', Date.now), null, () => {
    following += 1;
    return () => {};
  });
  const api = new Hono();
  api.get('/events', (context) => streams.follow(context, undefined, { kinds: [] }));
  for (let index = 0; index < FOLLOWERS_MAX; index += 1) {
    const { status, headers } = await api.request('/events', { method: 'HEAD' });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  }
  expect([streams.isFull, following]).toEqual([false, 0]);
});

it('costs no more the more events have been followed', async () => {
  const signals: AbortSignal[] = [];
  class Seen extends AbortController {
    constructor() {
      super();
      signals.push(this.signal);
    }
  }
  const log = new EventLog('start', Date.now);
  const api = new Hono();
  const streams = new EventStreams(log);
  api.get('/events', (context) => streams.follow(context, undefined, { kinds: [] }));
  vi.stubGlobal('AbortController', Seen);
  const response = await api.request('/events');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  for (let number = 0; number < 10; number += 1) {
    await vi.waitUntil(() => log.followers === 1);
    log.tell({ kind: 'configuration-reloaded' });
    await reader.read();
  }
  await vi.waitUntil(() => log.followers === 1);
  // Node keeps in sets, which are of no class that can be named here, what depends on a signal.
  const kept = signals.flatMap((signal) =>
    Reflect.ownKeys(signal).map((key) => Object(Reflect.get(signal, key)) as { readonly size?: number }),
  );
  expect(Math.max(...kept.map(({ size = 0 }) => size))).toBe(1);
  expect(Math.max(...signals.map((signal) => getEventListeners(signal, 'abort').length))).toBe(1);
  await reader.cancel();
  await vi.waitUntil(() => log.followers === 0);
});
