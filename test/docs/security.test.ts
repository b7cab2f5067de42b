import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';

const page = readFileSync(join(REPOSITORY, 'docs/security.md'), 'utf8');
const named = [...page.matchAll(/`([\w./-]+\.test\.ts)`(?:: "([^"]+)")?/g)].map(
  ([, file = '', title]) => [file, title] as const,
);

it.each(named)('docs/security.md names a test that is there: %s, %s', (file, title) => {
  expect(existsSync(join(REPOSITORY, file)), file).toBe(true);
  const text = readFileSync(join(REPOSITORY, file), 'utf8');
  if (title !== undefined) expect(text).toContain(`'${title}'`);
});

it('has tests for most of what it says', () => {
  expect(named.length).toBeGreaterThan(30);
});
