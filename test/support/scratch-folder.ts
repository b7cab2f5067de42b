import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './scope.js';

/** A new empty folder, removed with all in it when the scope closes. */
export function scratchFolder(scope: Scope, name = 'scratch'): string {
  const path = mkdtempSync(join(tmpdir(), `headwater-test-${name}-`));
  scope.defer(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
