import { it } from 'vitest';

it('passes before that', () => {});

it('never gives way, so that no timer of its process ends it', () => {
  for (;;);
});
