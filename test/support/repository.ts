import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder, found from here upward: this file runs as source and, for the benches, from test/dist. */
export const REPOSITORY = findUpward(dirname(fileURLToPath(import.meta.url)), 'package-lock.json');

function findUpward(folder: string, name: string): string {
  if (existsSync(join(folder, name))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error(`no folder above this file holds ${name}`);
  return findUpward(above, name);
}
