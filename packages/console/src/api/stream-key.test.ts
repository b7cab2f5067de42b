import { describe, expect, it } from 'vitest';
import { shortKey } from './stream-key.js';

describe('the name of a stream as people read it', () => {
  it.each([
    ['__defaultVhost__/live/s1', 'live/s1'],
    ['cdn.example/live/s1', 'cdn.example/live/s1'],
    ['__defaultVhost__/live/\u202Egnp.exe', 'live/⟨U+202E⟩gnp.exe'],
    ['__defaultVhost__/live/s\u200B1\uFEFF', 'live/s⟨U+200B⟩1⟨U+FEFF⟩'],
    ['__defaultVhost__/live/مرحبا', 'live/مرحبا'],
  ])('%j is %j', (key, shown) => {
    expect(shortKey(key)).toBe(shown);
  });
});
