import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadAgain, loadGiven } from './config-flags.js';
import { memoryIo } from './memory-io.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'headwater-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'origin.yml');
const io = memoryIo({ env: { HEADWATER_MESH_KEY: 'k'.repeat(32) } });
const given = { value: () => file, values: () => [], has: () => false, positionals: [] };
const load = (text: string) => {
  writeFileSync(file, text);
  return loadGiven(given, file, io);
};

it.each(['', '\n', '# what a disk that is full left\n', 'publish:\n'])(
  'a reload does not believe a file that sets nothing any more: %j',
  async (text) => {
    const { effective } = await load('publish: { auth: [ { deny: all } ] }\n');
    writeFileSync(file, text);
    await expect(loadAgain(given, file, io, effective)).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining('sets nothing any more'),
    });
  },
);

it('a reload takes a file that sets something else, and one that never set anything', async () => {
  const { effective } = await load('publish: { auth: [ { deny: all } ] }\n');
  writeFileSync(file, 'log: { level: debug }\n');
  expect((await loadAgain(given, file, io, effective)).config.log.level).toBe('debug');
  const { effective: none } = await load('# nothing\n');
  expect((await loadAgain(given, file, io, none)).config.publish.auth).toEqual([]);
});
