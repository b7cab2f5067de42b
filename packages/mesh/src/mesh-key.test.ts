import { describe, expect, it } from 'vitest';
import { MESH_KEYS_MAX, meshKeys } from './mesh-key.js';

const KEY = 'k'.repeat(32);
const OTHER = 'o'.repeat(32);

describe('meshKeys', () => {
  it('makes the same of the same key, and else of another', () => {
    const [key] = meshKeys(KEY, '0.0.0.0');
    expect(meshKeys([KEY], '127.0.0.1')).toEqual([key]);
    expect(key?.prologue).toHaveLength(32);
    expect(key?.id).toMatch(/^[0-9a-f]{16}$/);
    const [other] = meshKeys(`${KEY}k`, '0.0.0.0');
    expect(other?.prologue).not.toEqual(key?.prologue);
    expect(other?.id).not.toBe(key?.id);
  });

  it('gives away neither the key nor its prologue by the id', () => {
    const [key] = meshKeys(KEY, '0.0.0.0');
    expect(Buffer.from(key?.prologue ?? []).includes(KEY)).toBe(false);
    expect(Buffer.from(key?.prologue ?? []).toString('hex')).not.toContain(key?.id);
  });

  it('keeps their order, each once', () => {
    const ids = (keys: readonly string[]): readonly string[] => meshKeys(keys, '::').map(({ id }) => id);
    const [key = '', other = ''] = ids([KEY, OTHER]);
    expect(ids([OTHER, KEY, OTHER, ''])).toEqual([other, key]);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('may do without a key on %s', (host) => {
    expect(meshKeys(undefined, host)).toHaveLength(1);
    expect(meshKeys([], host)).toEqual(meshKeys('', host));
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example.org'])('needs a key on %s', (host) => {
    for (const none of [undefined, '', [], ['']])
      expect(() => meshKeys(none, host)).toThrow(expect.objectContaining({ code: 'key-missing' }));
  });

  it('refuses a short key anywhere, in any place, and does not tell it', () => {
    for (const keys of ['k'.repeat(31), [KEY, 'k'.repeat(31)]])
      expect(() => meshKeys(keys, '127.0.0.1')).toThrow(
        expect.objectContaining({ code: 'key-short', message: expect.not.stringContaining('kkk') }),
      );
  });

  it('refuses more keys than a change needs', () => {
    const keys = Array.from({ length: MESH_KEYS_MAX + 1 }, (_, index) => `${KEY}${index}`);
    expect(() => meshKeys(keys, '::')).toThrow(expect.objectContaining({ code: 'keys-many' }));
    expect(meshKeys(keys.slice(1), '::')).toHaveLength(MESH_KEYS_MAX);
  });
});
