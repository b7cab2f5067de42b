import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LONG_E2E } from './long-e2e.js';
import { REPOSITORY } from './repository.js';

it('names only files that exist, each once', () => {
  expect(readdirSync(join(REPOSITORY, 'test', 'e2e'))).toEqual(expect.arrayContaining([...LONG_E2E]));
  expect(new Set(LONG_E2E).size).toBe(LONG_E2E.length);
});
