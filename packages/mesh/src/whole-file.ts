import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './data-folder.js';
import { systemCodeOf } from './system-code.js';

/** Null where there is no such file. Of a longer file one byte more than `bytesMax` is read, so that it shows. */
export async function readIfThere(path: string, bytesMax: number): Promise<string | null> {
  const content = Buffer.alloc(bytesMax + 1);
  let length = 0;
  try {
    const file = await open(path);
    try {
      for (let read = -1; read !== 0 && length < content.length; length += read)
        read = (await file.read(content, length, content.length - length)).bytesRead;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
  return content.toString('utf8', 0, length);
}

/** All or nothing, and on the disk when it returns, also if the power fails. Only the owner may read it (mode 0600). */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  try {
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    // On a full disk it would take up what is left.
    await unlink(draft).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Writes over a short file where it stands, for a disk that has no room for another one. Whole as well, as long as both
 * texts are in one sector.
 */
export async function overwrite(path: string, text: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const bytes = Buffer.from(text);
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(bytes.length);
    await file.sync();
  } finally {
    await file.close();
  }
}
