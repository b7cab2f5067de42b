import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One installed package that the program needs to run. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** Its folder: in the repository's `node_modules`, or deeper where two versions are installed. */
  readonly folder: string;
}

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * The packages that `root` needs at run time, as they are installed, each once. What is for development is left out, and so
 * are peers: all that is imported without being a dependency comes from the package that asks for it.
 * @throws Error where a dependency is not installed.
 */
export function productionTree(root: string): readonly InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  const visit = (folder: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(folder);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const installed = findInstalled(folder, name);
      if (installed === null) {
        if (name in optionalDependencies) continue;
        throw new Error(`${name}, which ${folder} needs, is not installed. Run: npm ci`);
      }
      if (found.has(installed)) continue;
      found.set(installed, { name, version: manifestOf(installed).version ?? '', folder: installed });
      visit(installed);
    }
  };
  visit(root);
  return [...found.values()];
}

/** Where Node looks: the nearest `node_modules` that has it, from the importing package upward. */
function findInstalled(from: string, name: string): string | null {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(folder, 'package.json'))) return folder;
  const above = dirname(from);
  return above === from ? null : findInstalled(above, name);
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
