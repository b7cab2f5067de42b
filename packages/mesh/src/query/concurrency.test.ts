import { expect, it } from 'vitest';
import { Concurrency } from './concurrency.js';

it('gives no member more than its share, and all together no more than there is', () => {
  const concurrency = new Concurrency(2, 3);
  const [first, second] = [concurrency.take('a'), concurrency.take('a')];
  expect(concurrency.take('a')).toBeNull();
  expect(concurrency.take('b')).not.toBeNull();
  expect(concurrency.take('b')).toBeNull();
  first?.();
  first?.();
  expect(concurrency.size).toBe(2);
  expect(concurrency.take('c')).not.toBeNull();
  expect(concurrency.take('a')).toBeNull();
  second?.();
  expect(concurrency.take('a')).not.toBeNull();
});

it('gives back one at a time, and all of them in the end', () => {
  const concurrency = new Concurrency(3, 10);
  const [first, ...others] = [concurrency.take('a'), concurrency.take('a'), concurrency.take('a')];
  first?.();
  const again = concurrency.take('a');
  expect(again).not.toBeNull();
  expect(concurrency.take('a')).toBeNull();
  for (const give of [again, ...others]) give?.();
  expect(concurrency.size).toBe(0);
  for (let time = 0; time < 3; time += 1) expect(concurrency.take('a')).not.toBeNull();
  expect(concurrency.take('a')).toBeNull();
});
