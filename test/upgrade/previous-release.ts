import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.js';
import type { Scope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** Our own packages as they were in the release before this one; `npm run keep-release` makes it. */
export const PREVIOUS = join(REPOSITORY, 'test/upgrade/previous-release.tar.xz');

/** Unpacks the release before this one, and returns its command. It runs on the libraries of this repository. */
export function previousRelease(scope: Scope): string {
  const folder = scratchFolder(scope, 'previous');
  const release = join(folder, 'release');
  mkdirSync(release);
  execFileSync('tar', ['-xJf', PREVIOUS, '-C', release]);
  // Node looks for libraries in each folder above: first among the release's own packages, then here.
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  return join(release, 'node_modules/@headwater/origin/bin/headwater.js');
}
