import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { publishedFiles } from '../pack/published-files.js';
import { command, type Order, runCommand } from '../support/command-line.js';
import { text } from '../support/options.js';
import { REPOSITORY } from '../support/repository.js';
import { PREVIOUS } from './previous-release.js';

const COMMAND = command({
  call: 'npm run keep-release --',
  about: `Keeps our own packages of a built checkout, so that tests run that release beside the present code. Libraries are not
kept: they would make 14 MB of it, and the present ones serve.`,
  options: { from: text('the checkout of the release, built', { value: 'FOLDER', default: REPOSITORY }) },
});

/** Types, maps, what the demo plays and the console shows: no member needs them to run. */
const LEFT_OUT = /\.d\.ts$|\.map$|^assets\/|^dist\/console\//;

function main({ values }: Order<(typeof COMMAND)['options']>): Promise<number> {
  const packages = join(resolve(values.from), 'packages');
  const staging = mkdtempSync(join(tmpdir(), 'headwater-keep-'));
  try {
    for (const name of readdirSync(packages)) {
      const source = join(packages, name);
      const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest;
      if (manifest.private === true) continue;
      for (const path of publishedFiles(source).filter((file) => !LEFT_OUT.test(file))) {
        const target = join(staging, 'node_modules', manifest.name, path);
        mkdirSync(dirname(target), { recursive: true });
        copyFileSync(join(source, path), target);
      }
    }
    // The same bytes from the same files, whoever makes it and when.
    const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
    execFileSync('tar', [...same, '-cJf', PREVIOUS, '-C', staging, 'node_modules']);
    process.stdout.write(`${PREVIOUS}\n`);
    return Promise.resolve(0);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
}

process.exitCode = await runCommand(COMMAND, process.argv.slice(2), main);
