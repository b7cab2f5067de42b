import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.js';

/** All pages of the repository, by their paths from its root. */
export const pages: readonly string[] = [
  ...readdirSync(REPOSITORY),
  ...['conf', 'docs'].flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  ),
].filter((file) => file.endsWith('.md'));
