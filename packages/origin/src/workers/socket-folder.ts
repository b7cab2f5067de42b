import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HeadwaterError } from '../errors.js';

const PREFIX = 'headwater-';
const SUFFIX = /^headwater-(\d+)-[A-Za-z0-9]{6}$/;
/** Longest path of a unix socket, bytes: 108 on Linux with the zero at its end, 104 on macOS. */
const PATH_BYTES_MAX = 103;
/** What is put after the folder's name at the longest. */
const NAME_BYTES_MAX = '/999-999999.sock'.length;

/**
 * A folder for the unix sockets by which workers feed each other, for this user alone (mode 0700). Those of processes that
 * were killed are removed, as far as they are this user's. `folders`: the first that can be written is taken, of those whose
 * paths are short enough. Throws where there is none.
 */
export function makeSocketFolder(folders: readonly string[]): string {
  let cause: unknown;
  for (const folder of folders) {
    const parent = resolve(folder);
    const longest = join(parent, `${PREFIX}${process.pid}-XXXXXX`);
    if (Buffer.byteLength(longest) + NAME_BYTES_MAX > PATH_BYTES_MAX) continue;
    removeStale(parent);
    try {
      return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
    } catch (error) {
      cause ??= error;
    }
  }
  throw new HeadwaterError('WORKERS_UNUSABLE', 'there is no folder for the sockets of media workers', {
    cause,
  });
}

/**
 * Makes it anew where something removed it, as programs that clean folders for temporary files do. True where it did.
 * @throws Error where that cannot be done, or somebody else has put something there meanwhile.
 */
export function keepSocketFolder(folder: string): boolean {
  const there = lstatSync(folder, { throwIfNoEntry: false });
  if (there === undefined) {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  }
  const isOurs = there.isDirectory() && there.uid === process.getuid?.() && (there.mode & 0o077) === 0;
  if (!isOurs) throw new Error(`${folder} is not this user's alone any more: remove it`);
  return false;
}

/** Where that may be: temporary files, memory, and at last where the identity is. */
export const socketFolders = (dataDir: string): readonly string[] => [tmpdir(), '/tmp', '/dev/shm', dataDir];

export function removeSocketFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // A later start removes it.
  }
}

function removeStale(parent: string): void {
  let names: readonly string[] = [];
  try {
    names = readdirSync(parent);
  } catch {
    // Where nothing can be listed, making the folder says why.
  }
  for (const name of names) {
    const pid = SUFFIX.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) removeSocketFolder(join(parent, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
