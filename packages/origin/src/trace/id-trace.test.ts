import { describe, expect, it } from 'vitest';
import { EventLog } from '../events/event-log.js';
import type { OriginEvent } from '../events/origin-event.js';
import { eventsOfIds, nextSought, SOUGHT_IDS_MAX, type Sought, type ToldEvent } from './id-trace.js';

const KEY = '__defaultVhost__/live/s1';
const OTHER = '__defaultVhost__/live/s2';
const of = (id: string, key = KEY) => ({ id, key, client: '10.0.0.1:5', protocol: 'rtmp' }) as const;

const PLAY = 'play-0001';
const HOP = 'play-0002';
const RELAY = 'relay-001';
const PULL = 'pull-0001';
const PUBLISH = 'publish-1';

/** A player is sent from a to b, which relays from c. */
const MEMBERS: Readonly<Record<string, readonly OriginEvent[]>> = {
  a: [
    { kind: 'route-given', ...of(PLAY), route: 'redirect', reason: 'x', target: 'b' },
    { kind: 'route-given', ...of('stranger1'), route: 'redirect', reason: 'x', target: 'b' },
    { kind: 'stream-claimed', key: KEY, member: 'id-c', name: 'c' },
    { kind: 'stream-claimed', key: OTHER, member: 'id-c', name: 'c' },
  ],
  b: [
    { kind: 'relay-started', relay: 'relay-000', key: OTHER, owner: 'c', reason: 'started' },
    { kind: 'relay-started', relay: RELAY, key: KEY, owner: 'c', reason: 'started' },
    { kind: 'relay-switched', relay: RELAY, key: KEY, from: null, to: 'c', gapMs: 0, isExact: false },
    { kind: 'route-given', ...of(HOP), via: PLAY, route: 'relay', reason: 'x', target: 'c' },
    { kind: 'play-ended', ...of(HOP), via: PLAY, bytesOut: 9 },
    { kind: 'relay-ended', relay: RELAY, key: KEY, owner: 'c', reason: 'linger' },
  ],
  c: [
    { kind: 'publish-started', ...of(PUBLISH) },
    { kind: 'stream-claimed', key: KEY, member: 'id-c', name: 'c' },
    { kind: 'route-given', ...of(PULL), via: RELAY, route: 'local', reason: 'x' },
    { kind: 'play-ended', ...of(PULL), via: RELAY, bytesOut: 9 },
  ],
};

const logs = new Map(
  Object.entries(MEMBERS).map(([name, events]) => {
    const log = new EventLog(name, () => 1);
    for (const event of events) log.tell(event);
    return [name, log] as const;
  }),
);

/** As the API asks: round by round, until nothing new is named. */
function follow(id: string): readonly string[] {
  let sought: Sought | null = { ids: [id], claims: [] };
  for (;;) {
    const now: Sought = sought;
    const told: ToldEvent[] = [...logs].flatMap(([name, log]) =>
      eventsOfIds(log, now).map(({ event }) => ({ member: `id-${name}`, name, event: { ...event } })),
    );
    sought = nextSought(told, now);
    if (sought === null) return told.map(({ name, event }) => `${name} ${event.kind}`);
  }
}

describe('a trace by id', () => {
  it.each([PLAY, HOP])('follows a play from where it came to where its media is: %s', (id) => {
    expect(follow(id)).toEqual([
      'a route-given',
      'b relay-started',
      'b relay-switched',
      'b route-given',
      'b play-ended',
      'b relay-ended',
      'c route-given',
      'c play-ended',
    ]);
  });

  it('follows a relay to its owner', () => {
    expect(follow(RELAY)).toEqual([
      'b relay-started',
      'b relay-switched',
      'b relay-ended',
      'c route-given',
      'c play-ended',
    ]);
  });

  it('follows a publish through claims, and relays that pull it', () => {
    expect(follow(PUBLISH)).toEqual([
      'a stream-claimed',
      'b relay-started',
      'b relay-switched',
      'b relay-ended',
      'c publish-started',
      'c stream-claimed',
      'c route-given',
      'c play-ended',
    ]);
  });

  it('of nobody is empty', () => {
    expect(follow('nobody-here')).toEqual([]);
  });

  it('asks for no more than a question has room for, and for nothing that is no id', () => {
    const told = Array.from({ length: 500 }, (_, index) => ({
      member: 'm',
      name: 'm',
      event: { kind: 'x', id: `made-up-${index}`, via: 'no id; at all' },
    }));
    const next = nextSought(told, { ids: [], claims: [] });
    expect(next?.ids).toHaveLength(SOUGHT_IDS_MAX);
    expect(next?.ids.join()).not.toContain(';');
  });
});
