import { describe, expect, it } from 'vitest';
import { meshPrologue } from './mesh-key.js';

const KEY = 'k'.repeat(32);

describe('meshPrologue', () => {
  it('is the same for the same key, and another for another', () => {
    expect(meshPrologue(KEY, '0.0.0.0')).toEqual(meshPrologue(KEY, '127.0.0.1'));
    expect(meshPrologue(KEY, '0.0.0.0')).toHaveLength(32);
    expect(meshPrologue(KEY, '0.0.0.0')).not.toEqual(meshPrologue(`${KEY}k`, '0.0.0.0'));
    expect(Buffer.from(meshPrologue(KEY, '0.0.0.0')).includes(KEY)).toBe(false);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('may do without a key on %s', (host) => {
    expect(meshPrologue(undefined, host)).toHaveLength(32);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example.org'])('needs a key on %s', (host) => {
    expect(() => meshPrologue(undefined, host)).toThrow(expect.objectContaining({ code: 'key-missing' }));
    expect(() => meshPrologue('', host)).toThrow(expect.objectContaining({ code: 'key-missing' }));
  });

  it('refuses a short key anywhere', () => {
    expect(() => meshPrologue('k'.repeat(31), '127.0.0.1')).toThrow(
      expect.objectContaining({ code: 'key-short' }),
    );
  });
});
