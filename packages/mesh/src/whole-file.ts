import { randomBytes } from 'node:crypto';
import { link, open, rename, unlink } from 'node:fs/promises';
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
export function writeWhole(path: string, text: string): Promise<void> {
  return writeDraft(`${path}.new`, text, (draft) => rename(draft, path));
}

/** As `writeWhole`, but for a file that is there already, which stays as it is: false then. Of several who try one writes it. */
export async function createWhole(path: string, text: string): Promise<boolean> {
  let isNew = true;
  // Each has a draft of its own: of one that all share, what stands in the end is not what each of them wrote.
  await writeDraft(`${path}.${randomBytes(6).toString('hex')}.new`, text, async (draft) => {
    try {
      await link(draft, path);
    } catch (error) {
      const code = systemCodeOf(error) ?? '';
      if (NO_LINKS.has(code)) return rename(draft, path);
      if (code !== 'EEXIST') throw error;
      isNew = false;
    }
    await unlink(draft);
  });
  return isNew;
}

/** What file systems say that have no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

async function writeDraft(
  draft: string,
  text: string,
  place: (draft: string) => Promise<void>,
): Promise<void> {
  try {
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(draft);
  } catch (error) {
    // On a full disk it would take up what is left.
    await unlink(draft).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(draft));
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
