import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FILE_BYTES_MAX, loadConfig } from './load-config.js';

const folder = mkdtempSync(join(tmpdir(), 'headwater-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const env = { HEADWATER_MESH_KEY: 'k'.repeat(32) };
const fileWith = (content: string | Buffer): string => {
  const file = join(folder, 'origin.yml');
  writeFileSync(file, content);
  return file;
};

it('reads a file', async () => {
  const { config } = await loadConfig({ file: fileWith('name: a\n'), env });
  expect(config.name).toBe('a');
});

it('does without one', async () => {
  expect((await loadConfig({ env })).config.rtmp.port).toBe(1935);
});

it.each([
  ['no file', () => join(folder, 'none.yml'), /there is no such file/],
  ['a folder', () => folder, /it is a folder/],
  ['no text', () => fileWith(Buffer.from([0x6e, 0xff, 0xfe])), /not UTF-8/],
  ['too large', () => fileWith('#'.repeat(FILE_BYTES_MAX + 1)), /larger than 262144 bytes/],
])('refuses %s', async (_what, file, expected) => {
  await expect(loadConfig({ file: file(), env })).rejects.toMatchObject({
    code: 'CONFIG_UNREADABLE',
    message: expect.stringMatching(expected),
  });
});

it('takes a file of just the largest size', async () => {
  await expect(loadConfig({ file: fileWith('#'.repeat(FILE_BYTES_MAX)), env })).resolves.toBeDefined();
});

it('tells a missing key by a code of its own, if it is the only problem', async () => {
  await expect(loadConfig({ env: {} })).rejects.toMatchObject({ code: 'MESH_KEY_MISSING' });
  await expect(loadConfig({ env: {}, set: ['a=b'] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

it('shows the first of very many problems', async () => {
  const file = fileWith(Array.from({ length: 60 }, (_, index) => `key${index}: 1`).join('\n'));
  const failure = await loadConfig({ file, env }).catch((error) => error);
  expect(failure.message).toContain('60 errors');
  expect(failure.details).toHaveLength(51);
  expect(failure.details.at(-1)).toBe('and 10 more');
});
