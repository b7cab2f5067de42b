import { describe, expect, it } from 'vitest';
import { MESH_KEYS_MAX } from '../mesh-key.js';
import { Preamble, type PreambleState } from './preamble.js';

const HEADER = '\x13/multistream/1.0.0\n';
const A = 'a'.repeat(16);
const B = 'b'.repeat(16);
const offer = (id: string): string => `\x18/noise/${id}\n`;
const NA = '\x03na\n';

/** What the pieces lead to, up to the first that decides. */
function read(preamble: Preamble, text: string, size: number): PreambleState {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) {
    const state = preamble.push(bytes.subarray(at, at + size));
    if (state !== 'more') return state;
  }
  return 'more';
}

describe.each([1, 2, 7, 1_000])('Preamble, in pieces of %i bytes', (size) => {
  it.each([
    ['agrees on the first key', HEADER + offer(A), 'agreed'],
    ['agrees on a later one', HEADER + offer(B) + offer(A), 'agreed'],
    ['waits for a key that is ours', HEADER + offer(B), 'more'],
    ['takes no more offers than anybody has keys', HEADER + offer(B).repeat(MESH_KEYS_MAX + 1), 'strange'],
    ['takes that many', HEADER + offer(B).repeat(MESH_KEYS_MAX), 'more'],
    ['leaves noise alone', `${HEADER}${offer(A)}\xff\xff\xff`, 'agreed'],
    ['knows no answer on this side', HEADER + NA, 'strange'],
    ['refuses plain noise', `${HEADER}\x07/noise\n`, 'strange'],
    ['refuses another protocol', `${HEADER}\x18/tlsno/${A}\n`, 'strange'],
    ['refuses another header', `\x13/multistream/2.0.0\n`, 'strange'],
    ['refuses a request', 'GET / HTTP/1.1\r\n', 'strange'],
    ['refuses a long length', `${HEADER}\xff\xff\xff\xff`, 'strange'],
    ['has not begun', '', 'more'],
  ])('of who dials: %s', (_, text, state) => {
    expect(read(new Preamble([A], false), text, size)).toBe(state);
  });

  it('of who dials: agrees on any of several keys', () => {
    expect(read(new Preamble([A, B], false), HEADER + offer(B), size)).toBe('agreed');
  });

  it.each([
    ['offered by who dials', false, HEADER + offer(B) + offer(B)],
    ['refused by who answers', true, HEADER + NA + NA],
  ])('counts the keys that only one side holds: %s', (_, isDialler, text) => {
    const preamble = new Preamble([A, A, A], isDialler);
    read(preamble, text, size);
    expect(preamble.unknown).toBe(2);
  });

  it.each([
    ['the first key', HEADER + offer(A), 'agreed'],
    ['the second', HEADER + NA + offer(B), 'agreed'],
    ['none', HEADER + NA + NA, 'refused'],
    ['none yet', HEADER + NA, 'more'],
    ['one that was not offered at the moment', HEADER + offer(B), 'strange'],
    ['one that was refused', HEADER + NA + offer(A), 'strange'],
    ['something else', `${HEADER}\x02na`, 'strange'],
  ])('of who answers: %s', (_, text, state) => {
    expect(read(new Preamble([A, B], true), text, size)).toBe(state);
  });
});
