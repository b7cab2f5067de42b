import { execFileSync } from 'node:child_process';

/** The files of a package that `npm publish` would send, by their paths in it. */
export function publishedFiles(folder: string): readonly string[] {
  const answer = JSON.parse(npm(folder, ['pack', '--dry-run', '--json', '--ignore-scripts'])) as
    | readonly Packed[]
    | Readonly<Record<string, Packed>>;
  // A list, or, since npm 11, a map by the package's name.
  return Object.values(answer).flatMap(({ files }: Packed) => files.map(({ path }) => path));
}

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

export function npm(folder: string, args: readonly string[]): string {
  return execFileSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  });
}
