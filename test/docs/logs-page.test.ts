import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logLines, SOURCES } from '../support/log-lines.js';
import { REPOSITORY } from '../support/repository.js';

const PAGE = readFileSync(join(REPOSITORY, 'docs/logs.md'), 'utf8');

/** Each line of the page's tables. */
const TOLD = new Map(
  [...PAGE.matchAll(/^\| ([a-z, ]+) \| `([^`]+)` \| ([^|]*) \| ([^|]+) \|$/gm)].map(
    ([, levels = '', msg = '', fields = '', meaning = '']) => [
      msg,
      { levels: levels.split(', ').sort(), fields: fields.trim().split(', '), meaning: meaning.trim() },
    ],
  ),
);

const WRITTEN = new Map<string, { readonly levels: Set<string>; readonly fields: Set<string> }>();
for (const { msg, level, fields } of logLines()) {
  const known = WRITTEN.get(msg) ?? { levels: new Set(), fields: new Set() };
  WRITTEN.set(msg, known);
  known.levels.add(level);
  for (const field of fields) known.fields.add(field);
}

describe('docs/logs.md', () => {
  it('has every message that the sources write, and no other', () => {
    expect(WRITTEN.size).toBeGreaterThan(90);
    expect([...TOLD.keys()].sort()).toEqual([...WRITTEN.keys()].sort());
  });

  it.each([...WRITTEN])('has the level, the fields and the meaning of "%s"', (msg, { levels, fields }) => {
    const told = TOLD.get(msg);
    expect(told?.levels).toEqual([...levels].sort());
    expect(told?.fields).toEqual(expect.arrayContaining([...fields]));
    expect(told?.meaning).toMatch(/\.$|\.\)$/);
  });

  it('finds every call of a log: whoever logs in another way has to be added to what is looked for', () => {
    const calls = SOURCES.flatMap(([file, text]) =>
      [...text.matchAll(/\b[lL]og\??\.(?:debug|info|warn|error|fatal)\(/g)].map(() => file),
    );
    const found = new Set(logLines().map(({ file }) => file));
    const passesOn = ['packages/origin/src/log/quiet-log.ts'];
    const unknown = [...new Set(calls)].filter((file) => !found.has(file) && !passesOn.includes(file));
    expect(unknown).toEqual([]);
  });
});
