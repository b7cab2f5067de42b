// Builds the console into packages/origin/dist/console, and only where something changed since the last time.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = fileURLToPath(new URL('.', import.meta.url));
const target = fileURLToPath(new URL('../origin/dist/console/', import.meta.url));
const list = join(target, 'files.json');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.md': 'text/markdown; charset=utf-8',
};

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const sources = [
  ...filesIn(join(here, 'src')),
  join(here, 'index.html'),
  join(here, 'bundle.js'),
  join(here, '../../package-lock.json'),
];
const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
if (!existsSync(list) || statSync(list).mtimeMs < newest) await build();

async function build() {
  const { build: bundle } = await import('vite');
  await bundle({
    root: here,
    base: '/console/',
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: target,
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      license: { fileName: 'licences.md' },
      // The player is loaded on the stream's page alone, and is as large as it is.
      chunkSizeWarningLimit: 1000,
      // A busy machine is no fault.
      rolldownOptions: { checks: { pluginTimings: false } },
    },
  });
  const files = {};
  for (const file of filesIn(target)) {
    const name = relative(target, file).split(sep).join('/');
    files[name] = {
      type: TYPES[extname(name)] ?? 'application/octet-stream',
      isHashed: name.startsWith('assets/'),
    };
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
  }
  writeFileSync(list, JSON.stringify(files));
}
