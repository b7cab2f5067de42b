import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { command, type Order, runCommand } from '../support/command-line.js';
import { text } from '../support/options.js';
import { REPOSITORY } from '../support/repository.js';
import { type InstalledPackage, productionTree } from './production-tree.js';
import { npm, publishedFiles } from './published-files.js';

const COMMAND = command({
  call: 'npm run pack --',
  about: `Makes one archive of the program with all that it needs, in the versions of package-lock.json, so that
\`npm install --global FILE\` needs Node alone: no registry, no compiler. Beside it go its SHA-256 and a bill of materials.`,
  options: { to: text('folder for what is made', { value: 'FOLDER', default: 'release' }) },
});

/** What goes along beside the program. */
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'conf', 'docs'];

function main({ values }: Order<(typeof COMMAND)['options']>): Promise<number> {
  const target = resolve(values.to);
  mkdirSync(target, { recursive: true });
  const staging = mkdtempSync(join(tmpdir(), 'headwater-pack-'));
  try {
    const { version } = readManifest(join(REPOSITORY, 'packages', 'origin'));
    const root = join(REPOSITORY, 'packages', 'origin');
    const tree = [
      {
        name: '@headwater/origin',
        version,
        folder: join(REPOSITORY, 'node_modules', '@headwater', 'origin'),
      },
      ...productionTree(root),
    ];
    for (const installed of uniqueByFolder(tree)) copyPackage(installed, staging);
    for (const document of DOCUMENTS)
      cpSync(join(REPOSITORY, document), join(staging, document), { recursive: true });
    writeProgram(staging, version, tree);
    npm(staging, ['pack', '--ignore-scripts', '--pack-destination', target]);
    const archive = join(target, `headwater-${version}.tgz`);
    writeFileSync(`${archive}.sha256`, `${sha256(archive)}  headwater-${version}.tgz\n`);
    writeFileSync(
      join(target, `headwater-${version}.cdx.json`),
      npm(REPOSITORY, ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--workspace=packages/origin']),
    );
    process.stdout.write(`${relative(process.cwd(), archive)}\n`);
    return Promise.resolve(0);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

interface Manifest {
  readonly version: string;
  readonly engines?: Readonly<Record<string, string>>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** A package of this workspace is found twice: by its link in `node_modules`, and where the link leads. */
function uniqueByFolder(tree: readonly InstalledPackage[]): readonly InstalledPackage[] {
  return [...new Map(tree.map((installed) => [realpathSync(installed.folder), installed])).values()];
}

/** Of ours, what would be published; of others', what is installed, without what they hold in turn. */
function copyPackage({ folder }: InstalledPackage, staging: string): void {
  const target = join(staging, relative(REPOSITORY, folder));
  const source = realpathSync(folder);
  if (source === folder) {
    cpSync(source, target, { recursive: true, filter: (path) => path !== join(folder, 'node_modules') });
    return;
  }
  for (const path of publishedFiles(source)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(source, path), join(target, path));
  }
}

/** The outermost package: a command, and a list of what it brings along. */
function writeProgram(staging: string, version: string, tree: readonly InstalledPackage[]): void {
  const { engines } = readManifest(join(REPOSITORY, 'packages', 'origin'));
  const direct = tree.filter(
    ({ folder }) => !relative(join(REPOSITORY, 'node_modules'), folder).includes('node_modules'),
  );
  const manifest = {
    name: 'headwater',
    version,
    description:
      'Origin cluster for live video: a gossip mesh of RTMP and HTTP-FLV origins that all know where every stream is',
    license: 'MIT',
    type: 'module',
    engines,
    bin: { headwater: 'bin/headwater.js' },
    dependencies: Object.fromEntries(direct.map((one) => [one.name, one.version])),
    bundleDependencies: direct.map(({ name }) => name),
  };
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  mkdirSync(join(staging, 'bin'));
  writeFileSync(
    join(staging, 'bin', 'headwater.js'),
    "#!/usr/bin/env node\nawait import('../node_modules/@headwater/origin/bin/headwater.js');\n",
    { mode: 0o755 },
  );
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

process.exitCode = await runCommand(COMMAND, process.argv.slice(2), main);
