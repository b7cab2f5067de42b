import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import type { TestProject } from 'vitest/node';
import { REPOSITORY } from './repository.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Root of a copy of the repository's program; empty where the program is run as it is built. */
    madeProgram: string;
  }
}

/** Each is run as a process of its own. */
const PROGRAMS = ['packages/origin/dist/main.js', 'packages/origin/dist/workers/worker-main.js'];
const MESH_MEMBER = 'test/dist/support/mesh-member.js';

/**
 * The program that was built, its thousand modules in a few files: Node takes a second to load the one and less than half
 * of that for the other, and the tests start hundreds of processes. Folders are as in the repository, since the program
 * finds its files by their place. `npm run test:long` runs what is built itself.
 */
export default async function setup(project: TestProject): Promise<() => void> {
  const root = mkdtempSync(join(tmpdir(), 'headwater-test-program-'));
  const origin = join(root, 'packages/origin');
  mkdirSync(join(root, 'test/dist'), { recursive: true });
  for (const folder of ['node_modules', 'conf']) symlinkSync(join(REPOSITORY, folder), join(root, folder));
  for (const part of ['bin', 'assets', 'dist/console'])
    cpSync(join(REPOSITORY, 'packages/origin', part), join(origin, part), { recursive: true });
  // Asked for by chunks of dist/lib as it is by modules of dist.
  cpSync(join(REPOSITORY, 'packages/origin/package.json'), join(origin, 'dist/package.json'));
  await bundle(PROGRAMS, join(origin, 'dist/lib'));
  writeFileSync(join(origin, 'dist/main.js'), "await import('./lib/main.js');\n");
  await bundle([MESH_MEMBER], join(root, 'test/dist/support'));
  project.provide('madeProgram', root);
  return () => rmSync(root, { recursive: true, force: true });
}

async function bundle(entries: readonly string[], folder: string): Promise<void> {
  const made = await rolldown({
    input: entries.map((entry) => join(REPOSITORY, entry)),
    platform: 'node',
    // Loaded where it is there: it has no JavaScript of its own.
    external: ['msgpackr-extract'],
    logLevel: 'silent',
  });
  await made.write({ dir: folder, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' });
  await made.close();
}
