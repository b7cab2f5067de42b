import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { HeadwaterError } from './errors.js';

/** A process opens some 140 files at once while it loads its code, and up to 175 on a busy machine. */
const FILES_MIN = 200;

/** How many files this process may open (`ulimit -n`); undefined where the system has no /proc, or sets no limit. */
export function filesAllowed(
  read: () => string = () => readFileSync('/proc/self/limits', 'utf8'),
): number | undefined {
  try {
    const max = /^Max open files\s+(\d+)/m.exec(read())?.[1];
    return max === undefined ? undefined : Number(max);
  } catch {
    return undefined;
  }
}

/** Of this process; empty where the system has no /proc. */
export async function openFiles(): Promise<{ readonly filesMax?: number; readonly filesOpen?: number }> {
  try {
    const open = (await readdir('/proc/self/fd')).length;
    const max = filesAllowed();
    return max === undefined ? { filesOpen: open } : { filesMax: max, filesOpen: open };
  } catch {
    return {};
  }
}

/**
 * Before the code of a member is loaded: without files that fails in the middle, as if parts of the program were missing.
 * @throws HeadwaterError `FILES_TOO_FEW`.
 */
export function requireFiles(allowed = filesAllowed()): void {
  if (allowed !== undefined && allowed < FILES_MIN)
    throw new HeadwaterError(
      'FILES_TOO_FEW',
      `a process may open ${allowed} files here, and a member cannot even start with less than ${FILES_MIN}`,
    );
}
