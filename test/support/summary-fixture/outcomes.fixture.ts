import { afterAll, beforeAll, describe, expect, it } from 'vitest';

it('passes', () => {});

it('fails', () => {
  expect(1).toBe(2);
});

it('is skipped', { skip: true, meta: { missing: 'needs a thing (get it: somewhere)' } }, () => {});

describe('a suite without its setup', () => {
  beforeAll(() => {
    throw new Error('no setup');
  });
  it('never runs', () => {});
});

describe('a suite that leaves something behind', () => {
  afterAll(() => {
    throw new Error('no cleanup\nand a second line');
  });
  it('passes before that', () => {});
});

it('passes, while what it began fails', async () => {
  void Promise.reject(new Error('nobody waits for this'));
  await new Promise((resolve) => setImmediate(resolve));
});
