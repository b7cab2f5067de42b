import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder } from './data-folder.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headwater-folder-'));
});
afterEach(() => rm(dir, { recursive: true }));

it('makes a folder with its parents, also twice at once', async () => {
  const path = join(dir, 'a', 'b', 'c');
  await Promise.all([makeFolder(path), makeFolder(path)]);
  await makeFolder(`${path}/`);
  expect((await stat(path)).isDirectory()).toBe(true);
});

it.each(['file', 'file/below'])('says that %s is no folder', async (name) => {
  await writeFile(join(dir, 'file'), '');
  await expect(makeFolder(join(dir, name))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it('says that a link leads nowhere', async () => {
  await symlink(join(dir, 'nowhere'), join(dir, 'link'));
  await expect(makeFolder(join(dir, 'link'))).rejects.toMatchObject({ code: 'EEXIST' });
});

// Where the system makes no folder and says that one is missing, as below a stale mount, node's own way never ends.
it('gives up where the system will not make one', async () => {
  await expect(makeFolder('/proc/headwater/data')).rejects.toMatchObject({ code: 'ENOENT' });
});
