import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { EventLog } from '../events/event-log.js';
import { EventStreams, FOLLOWERS_MAX } from './event-stream.js';

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
