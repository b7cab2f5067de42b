import { awaitCondition } from '@headwater/testing/await-condition';
import { expect, it } from 'vitest';
import type { MeshWide } from '../questions/mesh-wide.js';
import { happenedHere } from '../questions/watched-here.js';
import { EventLog } from './event-log.js';
import { MeshEvents } from './mesh-events.js';
import type { OriginEvent } from './origin-event.js';
import { RelayBook } from './relay-book.js';

const started = (key: string): OriginEvent => ({ kind: 'relay-started', key, owner: 'x', reason: 'started' });

it('has this member’s events at once, and the others’ media while somebody watches, each once', async () => {
  const [own, other] = [new EventLog('own', () => 5), new EventLog('other', () => 4)];
  let asked = 0;
  const askAll: MeshWide['askAll'] = async (_name, ask) => {
    asked += 1;
    const { since, max } = ask as { since: Record<string, string>; max: number };
    const watched = {
      directory: { self: 'b', owners: () => [] },
      events: other,
      relays: new RelayBook(),
      members: () => [],
    };
    const { events, last } = happenedHere(watched, since, max);
    const strange = { atMs: 1, event: { kind: 'of-a-later-release', key: 'k' } };
    return {
      answers: [{ member: 'b', answer: { events: [...events, strange], last } }],
      missing: [],
    } as never;
  };
  const mesh = new MeshEvents({
    own,
    name: 'a',
    self: 'a',
    mesh: { askAll },
    nameOf: (id) => `name of ${id}`,
    now: Date.now,
  });
  const seen = () =>
    mesh.log
      .after(0, 100)
      .events.map(({ event, seenBy, atMs }) => [event.kind, 'key' in event ? event.key : '', seenBy, atMs]);

  other.tell(started('v/a/1'));
  other.tell({ kind: 'member-joined', member: 'a', name: 'a' });
  own.tell(started('v/a/2'));
  expect(asked).toBe(0);
  expect(seen()).toEqual([['relay-started', 'v/a/2', 'a', 5]]);

  const [first, second] = [mesh.watch(), mesh.watch()];
  await awaitCondition('the other was asked', () => mesh.log.last === 2);
  other.tell(started('v/a/3'));
  own.tell({ kind: 'member-dead', member: 'c', name: 'c' });
  await awaitCondition('it was asked again', () => mesh.log.last === 4);
  expect(seen().slice(1)).toEqual([
    ['relay-started', 'v/a/1', 'name of b', 4],
    ['member-dead', '', 'a', 5],
    ['relay-started', 'v/a/3', 'name of b', 4],
  ]);
  first();
  first();
  second();
  const before = asked;
  own.tell({ kind: 'member-dead', member: 'd', name: 'd' });
  const again = mesh.watch();
  await awaitCondition('asked for who watches now', () => asked > before);
  expect(asked).toBe(before + 1);
  again();
});

it('tells nothing again of who was late once', async () => {
  const other = new EventLog('other', () => 4);
  const watched = {
    directory: { self: 'b', owners: () => [] },
    events: other,
    relays: new RelayBook(),
    members: () => [],
  };
  let asked = 0;
  let isLate = false;
  const askAll: MeshWide['askAll'] = async (_name, ask) => {
    asked += 1;
    const { since, max } = ask as { since: Record<string, string>; max: number };
    const answer = { member: 'b', answer: happenedHere(watched, since, max) };
    return (
      isLate
        ? { answers: [], missing: [{ member: 'b', reason: 'deadline' }] }
        : { answers: [answer], missing: [] }
    ) as never;
  };
  const mesh = new MeshEvents({
    own: new EventLog('own', () => 5),
    name: 'a',
    self: 'a',
    mesh: { askAll },
    nameOf: (id) => id,
    now: Date.now,
  });
  /** Whoever begins to watch has all asked at once. */
  const ask = async () => {
    const before = asked;
    const stop = mesh.watch();
    await awaitCondition('the other was asked', () => asked > before);
    stop();
  };
  other.tell(started('v/a/1'));
  await ask();
  isLate = true;
  await ask();
  isLate = false;
  other.tell(started('v/a/2'));
  await ask();
  await awaitCondition('the last event is here', () =>
    mesh.log.after(0, 100).events.some(({ event }) => 'key' in event && event.key === 'v/a/2'),
  );
  expect(mesh.log.after(0, 100).events.map(({ event }) => 'key' in event && event.key)).toEqual([
    'v/a/1',
    'v/a/2',
  ]);
});

it('tells nothing twice of who was taken for dead and comes back', async () => {
  const [own, other] = [new EventLog('own', () => 5), new EventLog('other', () => 4)];
  let isThere = true;
  let asked = 0;
  const askAll: MeshWide['askAll'] = async (_name, ask) => {
    asked += 1;
    if (!isThere) return { answers: [], missing: [] };
    const { since, max } = ask as { since: Record<string, string>; max: number };
    const watched = {
      directory: { self: 'b', owners: () => [] },
      events: other,
      relays: new RelayBook(),
      members: () => [],
    };
    return { answers: [{ member: 'b', answer: happenedHere(watched, since, max) }], missing: [] } as never;
  };
  const mesh = new MeshEvents({
    own,
    name: 'a',
    self: 'a',
    mesh: { askAll },
    nameOf: (id) => id,
    now: Date.now,
  });
  other.tell(started('v/a/1'));
  const keys = () => mesh.log.after(0, 100).events.flatMap(({ event }) => ('key' in event ? event.key : []));
  for (const there of [true, false, true]) {
    isThere = there;
    const before = asked;
    const stop = mesh.watch();
    await awaitCondition('it was asked', () => asked > before);
    stop();
    // Nobody is asked twice at the same time.
    await awaitCondition('the answer was taken', () => new Promise((done) => setImmediate(() => done(true))));
  }
  expect(keys()).toEqual(['v/a/1']);
});
