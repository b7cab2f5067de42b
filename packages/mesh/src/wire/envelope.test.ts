import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Identity, loadIdentity } from '../identity.js';
import { AUTHORS_MAX, ENVELOPE_BYTES_MAX, isOfLaterFormat, Opener, Sealer } from './envelope.js';

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
    const [sealer, opener, longest] = [sealerOf(alice), new Opener(), ENVELOPE_BYTES_MAX - 97];
    expect(opener.open(sealer.seal(new Uint8Array(longest)))?.message.byteLength).toBe(longest);
    expect(opener.open(sealer.seal(new Uint8Array(longest + 1)))).toBeNull();
    expect(opener.open(sealer.seal(new Uint8Array(1)))?.message.byteLength).toBe(1);
    expect(opener.open(sealer.seal(new Uint8Array(0)))).toBeNull();
    expect([0, 1].map((more) => isOfLaterFormat(new Uint8Array(ENVELOPE_BYTES_MAX + more).fill(2)))).toEqual([
      true,
      false,
    ]);
  });

  it('costs memory for no more authors than there may be', () => {
    const sealed = sealerOf(alice).seal(MESSAGE);
    const opener = new Opener();
    const by = (author: number): Uint8Array => {
      const changed = Buffer.from(sealed);
      changed.writeUInt32BE(author, 1);
      return changed;
    };
    for (let author = 0; author < AUTHORS_MAX; author += 1) opener.open(by(author));
    expect(opener.authors).toBe(AUTHORS_MAX);
    opener.open(by(0));
    expect(opener.authors).toBe(AUTHORS_MAX);
    opener.open(by(AUTHORS_MAX));
    expect(opener.authors).toBe(1);
    expect(opener.open(sealed)?.author).toBe(alice.id);
  });
});
