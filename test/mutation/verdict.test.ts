import { resolve } from 'node:path';
import type { MutantResult, MutantStatus } from '@stryker-mutator/api/core';
import { describe, expect, it } from 'vitest';
import { judge } from './verdict.js';

const change = (status: MutantStatus, line = 1, replacement = 'false'): MutantResult => ({
  id: String(line),
  fileName: resolve('packages/directory/src/owner.ts'),
  mutatorName: 'ConditionalExpression',
  location: { start: { line, column: 3 }, end: { line, column: 9 } },
  replacement,
  status,
});

describe('the verdict of a mutation run', () => {
  it('counts what no test noticed or reached against what was noticed or hung, and nothing else', () => {
    const results = (['Killed', 'Timeout', 'Killed', 'Survived', 'NoCoverage'] as const).map((status) =>
      change(status),
    );
    const others = (['Ignored', 'CompileError', 'RuntimeError'] as const).map((status) => change(status));
    expect(judge([...results, ...others])).toMatchObject({ noticed: 3, equivalent: 1, score: 60 });
    expect(judge(others).score).toBe(100);
  });

  it('tells where each survivor is and what it was, in order', () => {
    const results = [
      change('Survived', 12, `{\n  ${'x'.repeat(200)}\n}`),
      change('NoCoverage', 3),
      change('Killed', 2),
    ];
    expect(judge(results).survivors).toEqual([
      'packages/directory/src/owner.ts:3:3  ConditionalExpression  false  (no test reaches it)',
      `packages/directory/src/owner.ts:12:3  ConditionalExpression  { ${'x'.repeat(98)}...`,
    ]);
  });
});
