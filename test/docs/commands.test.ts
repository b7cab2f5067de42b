import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '@headwater/origin/config';
import { describe, expect, it } from 'vitest';
import { HEADWATER } from '../support/program.js';
import { REPOSITORY } from '../support/repository.js';
import { pages } from './pages.js';

const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** The commands of the program and what each one's help names as its options. */
const help = execFileSync(process.execPath, [HEADWATER, '--help'], { encoding: 'utf8' });

const resolved = resolveConfig({ env: {}, set: ['mesh.host=127.0.0.1'], hostName: 'h' });
const keys = new Set(resolved.ok ? resolved.effective.map(({ path }) => path) : []);
const groups = new Set([...keys].filter((key) => key.includes('.')).map((key) => key.split('.')[0] ?? ''));

const textOf = (page: string): string => readFileSync(join(REPOSITORY, page), 'utf8');
/** Lines of shell in a page, without comments. */
const shellOf = (page: string): readonly string[] =>
  [...textOf(page).matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, ''));

describe.each(pages)('%s', (page) => {
  const shell = shellOf(page);

  it('names scripts of npm that there are', () => {
    const named = [...textOf(page).matchAll(/npm run (?:-s )?([a-z][a-z:-]*)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('calls commands of headwater that there are', () => {
    const called = shell.flatMap((line) =>
      [...line.matchAll(/(?:^|npx |exec [\w-]+ -- |\$\()headwater ([a-z]+)/g)].map(([, name = '']) => name),
    );
    const spoken = [...textOf(page).matchAll(/`headwater ([a-z]+)/g)].map(([, name = '']) => name);
    expect([...called, ...spoken].filter((name) => !new RegExp(`^ +${name}\\b`, 'm').test(help))).toEqual([]);
  });

  it('names keys of the configuration that there are', () => {
    const named = [...textOf(page).matchAll(/`([a-z]+)\.([a-zA-Z]+)(?:: [^`]*|=[^`]*)?`/g)]
      .filter(([, group = '']) => groups.has(group))
      .map(([, group, name]) => `${group}.${name}`);
    expect(named.filter((key) => !keys.has(key) && !isCode(key))).toEqual([]);
  });
});

/** `mesh.claim(...)` and so on: names of the code, which pages for engineers speak of. */
function isCode(key: string): boolean {
  return /^mesh\.(claim|ask|askAll|onQuestion)|\.(yml|ts|json)$/.test(key);
}

it('there are commands and keys to look for', () => {
  expect(help).toContain('members');
  expect(keys.size).toBeGreaterThan(40);
});
