import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.js';
import { pages } from './pages.js';

/** A command that a page shows, as somebody would type it: lines that go on are joined, comments are gone. */
export interface ShownCommand {
  readonly page: string;
  readonly text: string;
}

/** Decisions and the changelog tell of what was; all other pages are for somebody who types along. */
const isToType = (page: string): boolean => !page.startsWith('docs/decisions/') && page !== 'CHANGELOG.md';

export function shownCommands(): readonly ShownCommand[] {
  return pages.filter(isToType).flatMap((page) => {
    const blocks = readFileSync(join(REPOSITORY, page), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm);
    return [...blocks].flatMap(([, block = '']) => commandsIn(block).map((text) => ({ page, text })));
  });
}

function commandsIn(block: string): readonly string[] {
  // A script is one command: what it reads are its arguments.
  if (block.includes('$1')) return [block.trim()];
  return block
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** Why the test of shown commands does not run these; each begins so. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'npm ci': 'installs from the registry; it is the first step of .ci/run',
  'npm start': 'test/e2e/demo.test.ts',
  'npm test': 'would run itself',
  'npm run': 'takes minutes; test/docs/commands.test.ts compares the names with package.json',
  'npm install --global': 'test/pack/pack.long.test.ts',
  'npx vitest': 'would run tests within tests',
  'npx headwater origin': 'goes on until stopped; test/e2e/bad-config.test.ts and all others start origins',
  'headwater origin': 'goes on until stopped; test/e2e/tls.test.ts',
  'headwater top': 'needs a terminal; packages/origin/src/top/top.test.ts',
  'npx headwater top': 'needs a terminal; packages/origin/src/top/top.test.ts',
  ffplay: 'shows a window',
  ffmpeg: 'goes on until stopped; test/e2e/hot-backup.test.ts and tls.test.ts publish so',
  kill: 'test/e2e/hot-backup.test.ts',
  'docker compose': 'needs an engine; test/compose checks the files',
  kubectl: 'needs a cluster; test/k8s checks the manifests',
  'openssl s_client': 'asks a server by TLS; test/e2e/tls.test.ts',
  'curl -o s1.flv https://live.example.com': 'asks a server of yours by TLS; test/e2e/tls.test.ts',
  'curl --cacert': 'asks a server by TLS; test/e2e/tls.test.ts',
};

export const whyNotRun = ({ text }: ShownCommand): string | undefined =>
  Object.keys(NOT_RUN).find((begin) => text === begin || text.startsWith(`${begin} `) || isUrl(begin, text));

const isUrl = (begin: string, text: string): boolean => begin.includes('://') && text.startsWith(begin);
