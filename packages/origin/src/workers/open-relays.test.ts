import type { MediaEvent } from '@headwater/media';
import { expect, it } from 'vitest';
import { OpenRelays } from './open-relays.js';

const started = (relay: string): MediaEvent => ({
  kind: 'relay-started',
  relay,
  key: 'v/a/1',
  owner: 'b',
  reason: 'started',
});

it('a worker that is killed ends those of its relays that had not ended', () => {
  const relays = new OpenRelays();
  relays.note(started('r1'));
  relays.note(started('r2'));
  relays.note({ kind: 'relay-ended', relay: 'r1', key: 'v/a/1', owner: 'b', reason: 'no-players' });
  expect(relays.ended()).toEqual([
    { kind: 'relay-ended', relay: 'r2', key: 'v/a/1', owner: 'b', reason: 'worker-ended' },
  ]);
  expect(relays.ended()).toEqual([]);
});
