import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishedFiles } from './pack/published-files.js';
import { REPOSITORY } from './support/repository.js';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const OF_TESTS = /\.test\.|\.fixture\.|(^|\/)testing\/|tsbuildinfo|@headwater\/testing/;

const folders = readdirSync(join(REPOSITORY, 'packages')).map((name) => join(REPOSITORY, 'packages', name));
const published = folders
  .map((folder) => ({ folder, manifest: manifestOf(folder) }))
  .filter(({ manifest }) => manifest.private !== true);

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** What a built module imports, as it is written there. */
function importsOf(code: string): readonly string[] {
  return [...code.matchAll(/(?:(?<!['"])\bfrom|\bimport|\bimport\()\s*['"]([^'"\n]+)['"]/g)].flatMap(
    ([, name]) => name ?? [],
  );
}

/** `@scope/name` or `name` of what may go on with a path. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

describe.each(published)('what is published of $manifest.name', ({ folder, manifest }) => {
  const files = publishedFiles(folder);

  it('is the built package without anything of its tests', () => {
    expect(files).toContain('dist/index.js');
    expect(files.filter((file) => OF_TESTS.test(file))).toEqual([]);
  });

  it('imports what is published with it or what it depends on, and nothing else', () => {
    const known = new Set(files);
    const missing = files
      // What browsers load is one bundle, minified: it imports nothing by a name.
      .filter((file) => /\.(js|d\.ts)$/.test(file) && !file.startsWith('dist/console/'))
      .flatMap((file) =>
        importsOf(readFileSync(join(folder, file), 'utf8')).map((specifier) => ({ file, specifier })),
      )
      .filter(({ file, specifier }) => {
        if (specifier.startsWith('node:')) return false;
        if (specifier.startsWith('.')) return !known.has(normalize(join(dirname(file), specifier)));
        return manifest.dependencies?.[packageOf(specifier)] === undefined;
      });
    expect(missing).toEqual([]);
  });
});

it('the testing package is never published', () => {
  expect(published.map(({ manifest }) => manifest.name).sort()).toEqual([
    '@headwater/directory',
    '@headwater/guard',
    '@headwater/media',
    '@headwater/mesh',
    '@headwater/origin',
  ]);
});
