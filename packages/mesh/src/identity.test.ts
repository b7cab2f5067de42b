import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@headwater/testing/seeded-random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepGeneration, loadIdentity } from './identity.js';
import type { MeshLog } from './mesh.js';

let warnings: string[];
let log: MeshLog;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headwater-identity-'));
  // What hung in the test before tells its own log, whenever it goes on.
  const told: string[] = [];
  warnings = told;
  log = { debug() {}, info() {}, warn: (_: object, msg: string) => told.push(msg), error() {} };
});
afterEach(() => rm(dir, { recursive: true, maxRetries: 3 }));

describe('loadIdentity', () => {
  it('makes a key that only its user can read, and keeps it', async () => {
    const first = await loadIdentity(join(dir, 'new', 'folder'), 1_000, log);
    const second = await loadIdentity(join(dir, 'new', 'folder'), 2_000, log);
    expect(first.id).toMatch(/^12D3KooW/);
    expect(second.id).toBe(first.id);
    expect((await stat(join(dir, 'new', 'folder', 'identity.pem'))).mode & 0o777).toBe(0o600);
  });

  it('is one member where several first starts come at once, and leaves no drafts', async () => {
    const starts = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(dir, 1_000, log)));
    const again = await loadIdentity(dir, 2_000, log);
    expect(new Set([...starts, again].map(({ id }) => id)).size).toBe(1);
    expect((await readdir(dir)).sort()).toEqual(['generation', 'identity.pem']);
  });

  it('gives each start a greater generation, also when the clock went back', async () => {
    const generations: number[] = [];
    for (const now of [5_000, 5_000, 3, 4_000, 9_000])
      generations.push((await loadIdentity(dir, now, log, 10_000, () => 0.5)).generation);
    expect(generations).toEqual([5_000, 5_501, 6_002, 6_503, 9_000]);
  });

  // npm run sim -- --seed 8001269, as seeds were drawn then.
  it('does not give a copy of the data folder the same generation where the clock went back', async () => {
    const [own, copy] = [join(dir, 'own'), join(dir, 'copy')];
    await loadIdentity(own, 5_000, log);
    await cp(own, copy, { recursive: true });
    const random = seededRandom(1);
    const starts = await Promise.all([own, copy].map((one) => loadIdentity(one, 3, log, 10_000, random)));
    expect(new Set(starts.map(({ id }) => id)).size).toBe(1);
    expect(new Set(starts.map(({ generation }) => generation)).size).toBe(2);
  });

  it('counts on from a generation that was taken meanwhile', async () => {
    await loadIdentity(dir, 1_000, log);
    await keepGeneration(dir, 7_000);
    expect((await loadIdentity(dir, 2_000, log)).generation).toBeGreaterThan(7_000);
  });

  it('survives a damaged generation file', async () => {
    await loadIdentity(dir, 1_000, log);
    await writeFile(join(dir, 'generation'), 'rubbish');
    expect((await loadIdentity(dir, 2_000, log)).generation).toBe(2_000);
  });

  it.each(['17', '1e3', '-5', '9007199254740991', '', '\0\0\0\0', '1'.repeat(100_000)])(
    'goes by the clock where the file holds %j, and is greater again next time',
    async (text) => {
      await loadIdentity(dir, 1_000, log);
      await writeFile(join(dir, 'generation'), text);
      expect((await loadIdentity(dir, 2_000, log)).generation).toBe(2_000);
      expect((await loadIdentity(dir, 5, log)).generation).toBeGreaterThan(2_000);
      expect(warnings).toEqual(text === '17' ? [] : ['generation not understood']);
    },
  );

  it('goes on where the generation cannot be read or kept', async () => {
    const first = await loadIdentity(dir, 1_000, log);
    await rm(join(dir, 'generation'));
    await mkdir(join(dir, 'generation'));
    expect(await loadIdentity(dir, 2_000, log)).toMatchObject({ id: first.id, generation: 2_000 });
    expect(warnings).toEqual(['generation not read', 'generation not kept']);
  });

  it('leaves no drafts behind', async () => {
    await loadIdentity(dir, 1_000, log);
    expect((await readdir(dir)).sort()).toEqual(['generation', 'identity.pem']);
  });

  it.each(['identity.pem', 'generation'])('tells in time where %s never answers', async (file) => {
    await loadIdentity(dir, 1_000, log);
    await rm(join(dir, file));
    execFileSync('mkfifo', [join(dir, file)]);
    await expect(loadIdentity(dir, 2_000, log, 100)).rejects.toMatchObject({
      code: 'identity',
      cause: { code: 'ETIMEDOUT' },
    });
    // Lets go of the thread that waits for a writer.
    const writer = await open(join(dir, file), 'r+');
    await writer.close();
  });

  it('does not wait for ever to keep a generation that is taken while the member runs', async () => {
    execFileSync('mkfifo', [join(dir, 'generation.new')]);
    await expect(keepGeneration(dir, 2_000, 100)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const reader = await open(join(dir, 'generation.new'), 'r+');
    await reader.close();
  });

  it('closes a key that others could read', async () => {
    await loadIdentity(dir, 1, log);
    await chmod(join(dir, 'identity.pem'), 0o644);
    await loadIdentity(dir, 2, log);
    expect((await stat(join(dir, 'identity.pem'))).mode & 0o777).toBe(0o600);
    expect(warnings).toHaveLength(1);
  });

  it.each(['no key', '', '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ', '\0'.repeat(10_000)])(
    'does not overwrite a key that it cannot understand: %j',
    async (text) => {
      await writeFile(join(dir, 'identity.pem'), text, { mode: 0o600 });
      await expect(loadIdentity(dir, 1, log)).rejects.toMatchObject({
        code: 'identity',
        message: /no Ed25519/,
      });
      expect(await readFile(join(dir, 'identity.pem'), 'utf8')).toBe(text);
    },
  );

  it('says which folder cannot be used', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(loadIdentity(join(dir, 'file'), 1, log)).rejects.toMatchObject({
      code: 'identity',
      message: expect.stringContaining(join(dir, 'file')),
    });
  });
});
