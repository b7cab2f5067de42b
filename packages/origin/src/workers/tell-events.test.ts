import type { MediaEvent } from '@headwater/media';
import { expect, it } from 'vitest';
import { RelayBook } from '../events/relay-book.js';
import { tellEvents } from './tell-events.js';
import { Unfinished } from './unfinished.js';

const key = 'v/a/s';
const client = { id: 'p1', key, client: '10.0.0.1:5', protocol: 'rtmp' } as const;
const relay = { relay: 'r1', key, owner: 'b' } as const;

const STARTS: readonly MediaEvent[] = [
  { kind: 'publish-started', ...client },
  { kind: 'relay-started', ...relay, reason: 'started' },
  { kind: 'relay-switched', relay: 'r1', key, from: null, to: 'b', gapMs: 0, isExact: false },
];
const ENDS: readonly MediaEvent[] = [
  { kind: 'publish-ended', ...client, reason: 'connection-ended' },
  { kind: 'relay-ended', ...relay, reason: 'no-players' },
];
const PLAY: MediaEvent = { kind: 'play-ended', ...client, bytesOut: 1 };

/** Main's side. */
class Main {
  backlogBytes = 0;
  readonly unfinished = new Unfinished();
  readonly relays = new RelayBook();
  readonly kinds: string[] = [];
  readonly tell = tellEvents(
    (event) => {
      this.kinds.push(event.kind);
      this.unfinished.note(event);
      this.relays.note(event, 0);
    },
    () => this.backlogBytes,
  );
}

it('loses ends of plays where main takes none, and nothing that main keeps until its end', () => {
  const main = new Main();
  for (const event of STARTS) main.tell(event);
  expect(main.relays.ownerOf(key)).toBe('b');
  main.backlogBytes = 1_000_000_000;
  for (const event of [PLAY, ...ENDS]) main.tell(event);
  expect(main.kinds).not.toContain('play-ended');
  expect(main.relays.ownerOf(key)).toBeUndefined();
  expect(main.unfinished.ended()).toEqual([]);
});

it('a worker that is killed ends what began while main took nothing', () => {
  const main = new Main();
  main.backlogBytes = 1_000_000_000;
  for (const event of STARTS) main.tell(event);
  main.backlogBytes = 0;
  for (const event of main.unfinished.ended()) main.relays.note(event, 0);
  expect(main.relays.ownerOf(key)).toBeUndefined();
  main.tell(PLAY);
  expect(main.kinds).toContain('play-ended');
});
