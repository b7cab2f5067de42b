import { MemoryLog } from '@headwater/testing/memory-log';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MediaEvent } from '../media-event.js';
import { type RelayAbout, SourceTelling } from './source-telling.js';
import type { SourceAbout } from './stream-source.js';

const KEY = '__defaultVhost__/live/s';
const PUBLISHER: SourceAbout = { kind: 'publisher', remote: '10.0.0.9:5', agent: 'obs', protocol: 'rtmp' };
/** To an owner, by itself. */
const RELAY: RelayAbout = { kind: 'relay', from: 'id-a', name: 'origin-a', through: null, id: 'r1' };
/** To another one, through a third member. */
const DETOUR: RelayAbout = { kind: 'relay', from: 'id-b', name: 'origin-b', through: 'id-c', id: 'r2' };
/** To another worker of this member. */
const SIBLING: RelayAbout = { kind: 'relay', from: 'id-me', name: 'origin-me', through: null, worker: 2 };
/** As logs name them. */
const OF_RELAY = { id: 'r1', owner: 'origin-a', ownerId: 'id-a' };
const OF_DETOUR = { id: 'r2', owner: 'origin-b', ownerId: 'id-b', through: 'id-c' };
const OF_SIBLING = { owner: 'origin-me', ownerId: 'id-me', fromWorker: 2 };

let log: MemoryLog;
let events: MediaEvent[];
let telling: SourceTelling;

beforeEach(() => {
  log = new MemoryLog();
  events = [];
  telling = new SourceTelling(KEY, { log, tell: (event) => events.push(event) });
});

/** What was told since the last call. A field that is there without a value counts: a log would write it. */
function expectTold(lines: readonly (readonly [string, string, object])[], told: readonly object[]): void {
  const logged = log.lines.splice(0).map(({ level, msg, fields }) => [level, msg, fields]);
  expect(logged).toStrictEqual(lines.map(([level, msg, fields]) => [level, msg, { key: KEY, ...fields }]));
  expect(events.splice(0)).toStrictEqual(told.map((event) => ({ key: KEY, ...event })));
}

describe('a relay that is opened', () => {
  it('is told with the way to its owner, and with its id where it has one', () => {
    telling.opened(RELAY, 'started');
    expectTold(
      [['info', 'relay pulls', { id: 'r1', to: 'origin-a', from: null, reason: 'started' }]],
      [{ kind: 'relay-started', relay: 'r1', owner: 'origin-a', reason: 'started' }],
    );
    telling.opened(DETOUR, 'retry');
    expectTold(
      [['info', 'relay pulls', { id: 'r2', to: 'origin-b', from: null, reason: 'retry', through: 'id-c' }]],
      [{ kind: 'relay-started', relay: 'r2', owner: 'origin-b', reason: 'retry', through: 'id-c' }],
    );
    const { id: _, ...unnamed } = RELAY;
    telling.opened(unnamed, 'started');
    telling.ended(unnamed, 'owner-left');
    expectTold(
      [['info', 'relay pulls', { to: 'origin-a', from: null, reason: 'started' }]],
      [
        { kind: 'relay-started', owner: 'origin-a', reason: 'started' },
        { kind: 'relay-ended', owner: 'origin-a', reason: 'owner-left' },
      ],
    );
  });

  it('is no event where it goes to another worker', () => {
    telling.opened(SIBLING, 'started');
    expectTold(
      [['info', 'relay pulls', { to: 'origin-me', from: null, reason: 'started', fromWorker: 2 }]],
      [],
    );
  });

  it('names the owner before it, until nothing feeds the stream', () => {
    const from = () => log.lines.splice(0).at(-1)?.fields.from;
    telling.switched(RELAY, null, null, 0);
    telling.opened(DETOUR, 'stalled');
    expect(from()).toBe('origin-a');
    telling.detached();
    telling.opened(DETOUR, 'started');
    expect(from()).toBeNull();
  });
});

describe('a relay that ends', () => {
  it('is a warning where its owner did not end it in good order, and one event either way', () => {
    telling.lost(RELAY, { code: 'closed', text: 'It closed.', isOrdinary: false });
    telling.lost(DETOUR, { code: 'publisher-ended', text: 'It ended.', isOrdinary: true });
    const ended = { reason: 'publisher-ended', detail: 'It ended.' };
    expectTold(
      [
        ['warn', 'relay lost its owner', { ...OF_RELAY, reason: 'closed', detail: 'It closed.' }],
        ['info', 'relay lost its owner', { ...OF_DETOUR, ...ended }],
      ],
      [
        { kind: 'relay-ended', relay: 'r1', owner: 'origin-a', reason: 'closed' },
        { kind: 'relay-ended', relay: 'r2', owner: 'origin-b', reason: 'publisher-ended' },
      ],
    );
  });

  it('is no event where it is one between workers, and none of a publisher or of what is gone', () => {
    telling.lost(SIBLING, { code: 'closed', text: 'It closed.', isOrdinary: true });
    for (const about of [PUBLISHER, undefined]) telling.ended(about, 'owner-left');
    const closed = { reason: 'closed', detail: 'It closed.' };
    expectTold([['info', 'relay lost its owner', { ...OF_SIBLING, ...closed }]], []);
  });
});

describe('a source that', () => {
  it('is silent stalls at first, and is lost then', () => {
    telling.stalled(RELAY, { silentMs: 500.4, isLost: false, reason: 'stalled' });
    telling.stalled(RELAY, { silentMs: 1500.6, isLost: true, reason: 'stalled' });
    telling.stalled(PUBLISHER, { silentMs: 500, isLost: false, reason: 'stalled' });
    expectTold(
      [
        ['warn', 'relay stalls', { ...OF_RELAY, silentMs: 500 }],
        ['warn', 'relay lost its owner', { ...OF_RELAY, silentMs: 1501, reason: 'stalled' }],
        ['warn', 'relay stalls', { silentMs: 500 }],
      ],
      [],
    );
  });

  it('lags is waited for', () => {
    telling.lags(DETOUR, 399.7);
    telling.lags(undefined, 10);
    expectTold(
      [
        ['info', 'relay waiting for lagging owner', { ...OF_DETOUR, lagMs: 400 }],
        ['info', 'relay waiting for lagging owner', { lagMs: 10 }],
      ],
      [],
    );
  });
});

describe('another source', () => {
  it('is a relay where there was none: players waited, and have missed nothing', () => {
    telling.switched(RELAY, null, null, 700);
    expectTold(
      [['info', 'relay flows', OF_RELAY]],
      [{ kind: 'relay-switched', relay: 'r1', from: null, to: 'origin-a', gapMs: 0, isExact: false }],
    );
  });

  it('is a relay after another: both are named, and how far their clocks lie apart', () => {
    telling.switched(DETOUR, RELAY, -40, 700);
    expectTold(
      [
        ['info', 'relay switched owner', { ...OF_DETOUR, splice: 'exact', offsetMs: -40, silentMs: 700 }],
        ['info', 'relay flows', OF_DETOUR],
      ],
      [
        {
          kind: 'relay-switched',
          relay: 'r2',
          fromRelay: 'r1',
          from: 'origin-a',
          to: 'origin-b',
          gapMs: 700,
          isExact: true,
        },
      ],
    );
  });

  it('is a relay after the publisher here', () => {
    telling.switched(RELAY, PUBLISHER, null, 500);
    expectTold(
      [
        ['info', 'relay switched owner', { ...OF_RELAY, splice: 'none', silentMs: 500 }],
        ['info', 'relay flows', OF_RELAY],
      ],
      [
        {
          kind: 'relay-switched',
          relay: 'r1',
          from: 'publisher',
          to: 'origin-a',
          gapMs: 500,
          isExact: false,
        },
      ],
    );
  });

  it('is the publisher here, after a relay', () => {
    telling.switched(PUBLISHER, RELAY, 0, 20);
    expectTold(
      [['info', 'relay handed over to publisher', { splice: 'exact', offsetMs: 0, silentMs: 20 }]],
      [
        {
          kind: 'relay-switched',
          fromRelay: 'r1',
          from: 'origin-a',
          to: 'publisher',
          gapMs: 20,
          isExact: true,
        },
      ],
    );
  });

  it('is no news where the publisher here is the first, and no event where another worker gives it', () => {
    telling.switched(PUBLISHER, null, null, 0);
    expectTold([], []);
    telling.switched(SIBLING, null, null, 0);
    expectTold([['info', 'relay flows', OF_SIBLING]], []);
  });
});

it('needs nobody who hears of events', () => {
  const quiet = new SourceTelling(KEY, { log });
  quiet.opened(RELAY, 'started');
  quiet.switched(RELAY, null, null, 0);
  quiet.lost(RELAY, { code: 'closed', text: 'It closed.', isOrdinary: false });
  expect(log.lines.map(({ msg }) => msg)).toEqual(['relay pulls', 'relay flows', 'relay lost its owner']);
});
