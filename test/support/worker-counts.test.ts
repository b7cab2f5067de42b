import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from './repository.js';
import { NOT_AGAIN_WITH_WORKERS } from './worker-counts.js';

it('names only files that exist, each once', () => {
  expect(readdirSync(join(REPOSITORY, 'test', 'e2e'))).toEqual(
    expect.arrayContaining([...NOT_AGAIN_WITH_WORKERS]),
  );
  expect(new Set(NOT_AGAIN_WITH_WORKERS).size).toBe(NOT_AGAIN_WITH_WORKERS.length);
});
