import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCached } from './read-cached.js';

/** What this process holds open, on a system that tells. */
const OPEN_FILES = '/proc/self/fd';

let dir: string;
let path: string;
let parsed: string[];
let read: () => Promise<string>;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headwater-cached-'));
  path = join(dir, 'file');
  parsed = [];
  read = readCached(path, (text) => {
    parsed.push(text);
    return text.toUpperCase();
  });
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

describe('a file that others write', () => {
  it('is an empty one where it is absent, and there once it is', async () => {
    expect(await read()).toBe('');
    await writeFile(path, 'one');
    expect(await read()).toBe('ONE');
    await rm(path);
    expect(await read()).toBe('');
  });

  it('is an empty one where it cannot be read', async () => {
    expect(await readCached(dir, (text) => `[${text}]`)()).toBe('[]');
  });

  it('is parsed again only once it has changed', async () => {
    await writeFile(path, 'one');
    parsed.length = 0;
    for (let time = 0; time < 3; time += 1) expect(await read()).toBe('ONE');
    expect(parsed).toEqual(['one']);
    await writeFile(path, 'three');
    expect(await read()).toBe('THREE');
    await writeFile(path, 'seven');
    await utimes(path, 1, 1);
    expect(await read()).toBe('SEVEN');
    expect(parsed).toEqual(['one', 'three', 'seven']);
  });

  it('is read up to 1 MiB', async () => {
    await writeFile(path, 'x'.repeat(1024 * 1024 + 1));
    expect((await read()).length).toBe(1024 * 1024);
  });

  it.skipIf(!existsSync(OPEN_FILES))('is not left open', async () => {
    await writeFile(path, 'one');
    for (let time = 0; time < 3; time += 1) await read();
    const target = (fd: string): string => {
      try {
        return readlinkSync(join(OPEN_FILES, fd));
      } catch {
        return '';
      }
    };
    expect(readdirSync(OPEN_FILES).map(target)).not.toContain(path);
  });
});
