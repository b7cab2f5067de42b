import { it } from 'vitest';

it('passes', () => {});

it('is skipped', { skip: true, meta: { missing: 'needs a thing (get it: somewhere)' } }, () => {});
