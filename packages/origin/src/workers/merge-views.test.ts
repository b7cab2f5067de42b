import type { StreamView } from '@headwater/media';
import { expect, it } from 'vitest';
import { mergeKeys, mergeViews } from './merge-views.js';

const view = (
  source: StreamView['source'],
  players: readonly string[],
  more: Partial<StreamView> = {},
): StreamView => ({
  key: 'k',
  source,
  media: {},
  bytesIn: 1,
  kbpsIn: 1,
  players: players.map((id) => ({
    id,
    protocol: 'rtmp',
    remote: '',
    agent: '',
    sinceMs: 0,
    state: 'playing',
    bytesOut: 0,
    queueBytes: 0,
    framesDropped: 0,
  })),
  ...more,
});
const ids = (merged: StreamView | null) => merged?.players.map(({ id }) => id);

it('a stream of several workers has the best of their sources, and all of their players', () => {
  const sibling = view('relay', ['b'], { relayWorker: 2 });
  const merged = mergeViews([null, sibling, view('none', ['c']), view('publisher', ['a'])], 9);
  expect([merged?.source, ids(merged), merged?.relayWorker]).toEqual([
    'publisher',
    ['a', 'b', 'c'],
    undefined,
  ]);
  expect(ids(mergeViews([sibling, view('publisher', ['a'])], 1))).toEqual(['a']);
  const relay = view('relay', [], { relayFrom: 'm', passesOn: ['x'] });
  expect(mergeViews([sibling, relay], 9)).toMatchObject({ relayFrom: 'm', passesOn: ['x'] });
  expect(mergeViews([null, null], 9)).toBeNull();
});

it('keys of several workers are in order, each once', () => {
  expect(mergeKeys([['a', 'c'], ['b', 'c', 'd'], []], 3)).toEqual(['a', 'b', 'c']);
});
