import { describe, expect, it } from 'vitest';
import { mediaOptions } from '../../testing/media-options.js';
import { mergeMsOf, modeOf } from './app-play.js';

const { play } = mediaOptions('a');
const RULES = {
  play: { ...play, mergeMs: 100 },
  apps: { live: { play: { mergeMs: 350 } }, 'live/room': { play: { mode: 'relay', mergeMs: 0 } }, bare: {} },
} as const;

describe('what is set for an app', () => {
  it.each([
    ['__defaultVhost__/live/s', 350, 'auto'],
    ['__defaultVhost__/live/room/s', 0, 'relay'],
    ['__defaultVhost__/live/hall/s', 350, 'auto'],
    ['__defaultVhost__/other/s', 100, 'auto'],
    ['__defaultVhost__/lives/s', 100, 'auto'],
    ['__defaultVhost__/bare/s', 100, 'auto'],
    ['__defaultVhost__/constructor/s', 100, 'auto'],
  ] as const)('holds for %s', (key, mergeMs, mode) => {
    expect([mergeMsOf(key, RULES), modeOf(key, RULES)]).toEqual([mergeMs, mode]);
  });

  it('leaves 30 ms where nothing is set', () => {
    expect(mergeMsOf('__defaultVhost__/live/s', { play, apps: {} })).toBe(30);
  });
});
