import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemCodeOf } from './system-code.js';

/**
 * Makes a folder with its parents, each at most once: node's own way to do so (`recursive`) tries for ever, with a whole
 * core, where the system says that a folder is missing which it will not make, as below a stale mount.
 *
 * Rejects with the system's error; `ENOTDIR` where something else has the name.
 */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    // Somebody else was faster.
    if (systemCodeOf(error) === 'EEXIST' && (await isFolder(path))) return;
    throw error;
  }
  await syncFolder(parent);
}

/** Puts on the disk which files are in the folder, as far as its file system knows how. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    if (!UNKNOWN_HERE.has(systemCodeOf(error) ?? '')) throw error;
  }
}

/** What file systems say that sync no folders, and folders that this user may write but not read. */
const UNKNOWN_HERE = new Set(['EINVAL', 'ENOTSUP', 'EBADF', 'EISDIR', 'EACCES', 'EPERM']);

/** False where there is nothing. */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(`ENOTDIR: ${path} is no folder`), { code: 'ENOTDIR' });
}
