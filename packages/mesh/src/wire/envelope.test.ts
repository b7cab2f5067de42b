import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Identity, loadIdentity } from '../identity.js';
import { ENVELOPE_BYTES_MAX, Opener, Sealer } from './envelope.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const MESSAGE = Buffer.from('some message');
let dir: string;
let alice: Identity;
let bob: Identity;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headwater-envelope-'));
  alice = await loadIdentity(join(dir, 'alice'), 1, quiet);
  bob = await loadIdentity(join(dir, 'bob'), 1, quiet);
});
afterAll(() => rm(dir, { recursive: true }));

const sealerOf = ({ privateKey, publicKeyBytes }: Identity): Sealer => new Sealer(privateKey, publicKeyBytes);

describe('envelope', () => {
  it('tells the author', () => {
    const opened = new Opener().open(sealerOf(alice).seal(MESSAGE));
    expect(opened?.author).toBe(alice.id);
    expect(Buffer.from(opened?.message ?? [])).toEqual(MESSAGE);
  });

  it('cannot be changed by anybody, not in a single bit', () => {
    const sealed = sealerOf(alice).seal(MESSAGE);
    const opener = new Opener();
    for (let bit = 0; bit < sealed.byteLength * 8; bit += 1) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(opener.open(changed)).toBeNull();
    }
  });

  it("cannot be signed in another's name", () => {
    expect(new Opener().open(new Sealer(bob.privateKey, alice.publicKeyBytes).seal(MESSAGE))).toBeNull();
  });

  it('has a length', () => {
    expect(new Opener().open(new Uint8Array(97))).toBeNull();
    expect(new Opener().open(new Uint8Array(ENVELOPE_BYTES_MAX + 1))).toBeNull();
  });
});
