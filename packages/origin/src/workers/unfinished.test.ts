import type { MediaEvent } from '@headwater/media';
import { expect, it } from 'vitest';
import { Unfinished } from './unfinished.js';

const relay = (id: string): MediaEvent => ({
  kind: 'relay-started',
  relay: id,
  key: 'v/a/1',
  owner: 'b',
  reason: 'started',
});
const client = (id: string) => ({ id, key: 'v/a/2', client: '10.0.0.1:5', protocol: 'rtmp' }) as const;

it('a worker that is killed ends those of its publishes and relays that had not ended', () => {
  const unfinished = new Unfinished();
  for (const event of [relay('r1'), relay('r2')]) unfinished.note(event);
  for (const id of ['p1', 'p2']) unfinished.note({ kind: 'publish-started', ...client(id), via: 'v' });
  unfinished.note({ kind: 'relay-ended', relay: 'r1', key: 'v/a/1', owner: 'b', reason: 'no-players' });
  unfinished.note({ kind: 'publish-ended', ...client('p1'), reason: 'kicked' });
  expect(unfinished.ended()).toEqual([
    { kind: 'relay-ended', relay: 'r2', key: 'v/a/1', owner: 'b', reason: 'worker-ended' },
    { kind: 'publish-ended', ...client('p2'), via: 'v', reason: 'worker-ended' },
  ]);
  expect(unfinished.ended()).toEqual([]);
});
