import { type FileHandle, open } from 'node:fs/promises';

/** More of a file of the system's is not read. */
const FILE_BYTES_MAX = 1024 * 1024;

/**
 * A file that others write, as `parse` understands it; read again only once it has changed. An absent or unreadable file
 * is an empty one.
 */
export function readCached<T>(path: string, parse: (text: string) => T): () => Promise<T> {
  const none = parse('');
  let kept: { readonly stamp: string; readonly value: T } | null = null;
  return async () => {
    let file: FileHandle | undefined;
    try {
      file = await open(path);
      const { mtimeMs, size, ino } = await file.stat();
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (kept?.stamp === stamp) return kept.value;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_BYTES_MAX), 0, FILE_BYTES_MAX, 0);
      kept = { stamp, value: parse(buffer.toString('utf8', 0, bytesRead)) };
      return kept.value;
    } catch {
      return none;
    } finally {
      await file?.close();
    }
  };
}
