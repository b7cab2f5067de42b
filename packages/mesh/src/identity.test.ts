import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepGeneration, loadIdentity } from './identity.js';

const warnings: string[] = [];
const log = { debug() {}, info() {}, warn: (_: object, msg: string) => warnings.push(msg), error() {} };
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headwater-identity-'));
  warnings.length = 0;
});
afterEach(() => rm(dir, { recursive: true }));

describe('loadIdentity', () => {
  it('makes a key that only its user can read, and keeps it', async () => {
    const first = await loadIdentity(join(dir, 'new', 'folder'), 1_000, log);
    const second = await loadIdentity(join(dir, 'new', 'folder'), 2_000, log);
    expect(first.id).toMatch(/^12D3KooW/);
    expect(second.id).toBe(first.id);
    expect((await stat(join(dir, 'new', 'folder', 'identity.pem'))).mode & 0o777).toBe(0o600);
  });

  it('gives each start a greater generation, also when the clock went back', async () => {
    const generations: number[] = [];
    for (const now of [5_000, 5_000, 3, 4_000, 9_000])
      generations.push((await loadIdentity(dir, now, log)).generation);
    expect(generations).toEqual([5_000, 5_001, 5_002, 5_003, 9_000]);
  });

  it('counts on from a generation that was taken meanwhile', async () => {
    await loadIdentity(dir, 1_000, log);
    await keepGeneration(dir, 7_000);
    expect((await loadIdentity(dir, 2_000, log)).generation).toBe(7_001);
  });

  it('survives a damaged generation file', async () => {
    await loadIdentity(dir, 1_000, log);
    await writeFile(join(dir, 'generation'), 'rubbish');
    expect((await loadIdentity(dir, 2_000, log)).generation).toBe(2_000);
  });

  it('closes a key that others could read', async () => {
    await loadIdentity(dir, 1, log);
    await chmod(join(dir, 'identity.pem'), 0o644);
    await loadIdentity(dir, 2, log);
    expect((await stat(join(dir, 'identity.pem'))).mode & 0o777).toBe(0o600);
    expect(warnings).toHaveLength(1);
  });

  it('does not overwrite a key that it cannot read', async () => {
    await writeFile(join(dir, 'identity.pem'), 'no key', { mode: 0o600 });
    await expect(loadIdentity(dir, 1, log)).rejects.toMatchObject({
      code: 'identity',
      message: /no Ed25519/,
    });
    expect(await readFile(join(dir, 'identity.pem'), 'utf8')).toBe('no key');
  });

  it('says which folder cannot be used', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(loadIdentity(join(dir, 'file'), 1, log)).rejects.toMatchObject({
      code: 'identity',
      message: expect.stringContaining(join(dir, 'file')),
    });
  });
});
