import type { Owner, StreamKeys } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { LinkEnd, LinkEvents } from '../../forward/link.js';
import type { MediaEvent } from '../../media-event.js';
import { AUDIO, INTER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { ManualTimers } from '../../testing/manual-timers.js';
import { ownerOf, STREAM_LIMITS } from '../../testing/stream-world.js';
import type { Frame } from '../../wire/frame.js';
import { ForwardDesk } from './forward-desk.js';
import type { PublishSession } from './publish-session.js';

const LOST_MS = 3000;
const GONE: LinkEnd = { code: 'closed-by-server', text: 'It closed.' };
const said = (reason: string): LinkEnd => ({ code: 'refused', text: `Not here: ${reason}.`, reason });

interface TestLink {
  readonly to: string;
  readonly replaces: string | null;
  readonly events: LinkEvents;
  readonly got: Frame[];
  isClosed: boolean;
}

let timers: ManualTimers;
let log: MemoryLog;
let events: MediaEvent[];
let counts: string[];
let receivedBytes: number;
let links: TestLink[];
/** Origins there are, best first; and who owns the stream, as the mesh says. */
let origins: string[];
let owners: Owner[];
let changed: (key: string) => void;
let interest: StreamKeys;
let isSubscribed: boolean;
let desk: ForwardDesk;

beforeEach(() => {
  timers = new ManualTimers();
  log = new MemoryLog();
  [events, counts, links, owners, receivedBytes, isSubscribed] = [[], [], [], [], 0, true];
  origins = ['o1', 'o2', 'o3', 'o4'];
  desk = new ForwardDesk({
    host: {
      member: 'here',
      owners: () => owners,
      onOwnersChanged: (listener, keys) => {
        changed = listener;
        interest = keys;
        return () => {
          isSubscribed = false;
        };
      },
      forwardTarget: ({ avoid }) => {
        const name = origins.find((origin) => !avoid.has(origin));
        return name === undefined ? null : ownerOf(name);
      },
    },
    memberName: 'member-here',
    isEnabled: () => true,
    open: (to, _key, replaces, on) => {
      const link: TestLink = { to, replaces, events: on, got: [], isClosed: false };
      links.push(link);
      return {
        push: (frame) => link.got.push(frame),
        close: () => {
          link.isClosed = true;
        },
      };
    },
    timers,
    log,
    tell: (event) => events.push(event),
    count: (what) => counts.push(what),
    received: (bytes) => {
      receivedBytes += bytes;
    },
    limitsOf: () => ({
      keepMs: 5000,
      keepBytesMax: 1e6,
      lostMs: LOST_MS,
      retryMs: 500,
      stream: { ...STREAM_LIMITS, mergeMs: 0, queueMs: 1000 },
    }),
  });
});

function sessionOf(id: string, more: Partial<PublishSession> = {}) {
  const told: unknown[] = [];
  const session: PublishSession = {
    id,
    key: `v/live/${id}`,
    protocol: 'rtmp',
    remote: '1.2.3.4:5',
    agent: 'obs',
    answered: (refusal) => told.push(refusal === null ? 'taken' : refusal.code),
    end: (reason) => told.push(`end ${reason}`),
    fault: (error) => told.push(error),
    ...more,
  };
  return { session, told };
}

const link = (index: number): TestLink => {
  const found = links.at(index);
  if (found === undefined) throw new Error(`no link ${index}`);
  return found;
};

/** A publisher that the first origin has taken. */
function forwarded(id = 's', more: Partial<PublishSession> = {}) {
  const publisher = sessionOf(id, more);
  const feed = desk.publish(publisher.session);
  timers.pass(0);
  link(-1).events.accepted();
  for (const frame of [VIDEO_HEADER(1), KEY(0, 1)]) feed.push(frame);
  return { ...publisher, feed };
}

const ABOUT = { key: 'v/live/s', id: 's', client: '1.2.3.4:5', protocol: 'rtmp', agent: 'obs' };
const { agent: _, ...EVENT } = ABOUT;
const lines = () => log.lines.splice(0).map(({ level, msg, fields }) => [level, msg, fields]);
const views = () => [...desk.publishers()];

describe('a publisher that is forwarded', () => {
  it('is answered once an origin has it, and told of', () => {
    const { session, told } = sessionOf('s');
    desk.publish(session);
    expect([links, told, desk.count, views()[0]?.isFlowing]).toEqual([[], [], 1, false]);
    expect(views()[0]).not.toHaveProperty('forwardedTo');
    timers.pass(0);
    link(0).events.accepted();
    expect([told, counts, link(0).replaces]).toEqual([['taken'], ['started'], null]);
    expect(lines()).toStrictEqual([['info', 'publish forwarded', { ...ABOUT, origin: 'o1' }]]);
    expect(events).toStrictEqual([{ kind: 'publish-forwarded', ...EVENT, origin: 'o1' }]);
  });

  it('is listed with what came of it and where it went', () => {
    forwarded();
    const bytesIn = VIDEO_HEADER(1).payload.length + KEY(0, 1).payload.length;
    expect(views()).toEqual([
      {
        id: 's',
        key: 'v/live/s',
        protocol: 'rtmp',
        remote: '1.2.3.4:5',
        agent: 'obs',
        sinceMs: expect.any(Number),
        bytesIn,
        isFlowing: true,
        forwardedTo: 'o1',
      },
    ]);
    expect(receivedBytes).toBe(bytesIn);
    expect(link(0).got.map(({ kind }) => kind)).toEqual(['video', 'video']);
  });

  it('is refused where no origin takes it, with the last one’s words', () => {
    const { session, told } = sessionOf('s');
    desk.publish(session);
    timers.pass(0);
    for (const reason of ['stopping', 'stopping', 'already-published']) link(-1).events.ended(said(reason));
    expect([told, desk.count, counts]).toEqual([['already-published'], 0, ['failed', 'failed', 'failed']]);
    const failed = (origin: string, reason: string) => [
      'info',
      'forward not taken',
      { ...ABOUT, origin, reason, text: `Not here: ${reason}.` },
    ];
    expect(lines()).toStrictEqual([
      failed('o1', 'stopping'),
      failed('o2', 'stopping'),
      failed('o3', 'already-published'),
      ['info', 'publish refused', { ...ABOUT, reason: 'already-published' }],
    ]);
    expect(events).toStrictEqual([{ kind: 'publish-refused', ...EVENT, reason: 'already-published' }]);
  });

  it('moves to another origin where its own is lost', () => {
    const { told } = forwarded();
    lines();
    link(0).events.ended(GONE);
    timers.pass(0);
    link(1).events.accepted();
    expect([told, counts]).toEqual([['taken'], ['started', 'lost', 'moved']]);
    expect(lines()).toMatchObject([
      ['warn', 'forward lost its origin', { ...ABOUT, origin: 'o1', reason: GONE.code, text: GONE.text }],
      ['info', 'forward moved', { ...ABOUT, origin: 'o2', from: 'o1' }],
    ]);
    expect(events.at(-1)).toMatchObject({ kind: 'publish-forwarded', origin: 'o2', from: 'o1' });
    expect(events.at(-1)).toHaveProperty('reason');
  });

  it('leaves an origin that drains: when the mesh says so, and when it is looked at', () => {
    for (const look of [() => changed('v/live/s'), () => desk.sweep(performance.now(), 60_000)]) {
      const { feed } = forwarded();
      const before = links.length;
      owners = [ownerOf('other', { draining: true }), ownerOf('o1')];
      look();
      changed('v/live/other');
      expect(links).toHaveLength(before);
      owners = [ownerOf('other'), ownerOf('o1', { draining: true })];
      look();
      timers.pass(1000);
      expect([links.length, link(-1).to]).toEqual([before + 1, 'o2']);
      feed.end();
      owners = [];
    }
  });

  it('is what the mesh is asked about, until it ends', () => {
    expect(interest.size).toBe(0);
    const first = forwarded();
    // The same stream, from another client.
    const second = forwarded('t', { key: first.session.key });
    expect([interest.size, [...interest.keys()], interest.has('v/live/s'), interest.has('v/live/x')]).toEqual(
      [1, ['v/live/s'], true, false],
    );
    first.feed.end();
    expect(interest.size).toBe(1);
    second.feed.end();
    expect(interest.size).toBe(0);
  });
});

describe('the end of a publisher that is forwarded', () => {
  const ended = (reason: string, isClosed = true) => {
    expect(lines().at(-1)).toStrictEqual(['info', 'publish ended', { ...ABOUT, reason }]);
    expect(events.at(-1)).toStrictEqual({ kind: 'publish-ended', ...EVENT, reason });
    expect([desk.count, link(0).isClosed]).toEqual([0, isClosed]);
  };

  it('is told once where its connection ends', () => {
    const { feed, told } = forwarded();
    feed.end();
    ended('connection-ended');
    feed.end();
    expect([lines(), told]).toEqual([[], ['taken']]);
  });

  it('comes when it sends no media for so long: headers and data are none', () => {
    vi.useFakeTimers();
    try {
      const { feed, told } = forwarded();
      vi.advanceTimersByTime(5000);
      feed.push(INTER(40, 2));
      const sinceMs = performance.now();
      vi.advanceTimersByTime(5000);
      for (const frame of [METADATA(), VIDEO_HEADER(2)]) feed.push(frame);
      desk.sweep(sinceMs + 9999, 10_000);
      expect(told).toEqual(['taken']);
      desk.sweep(sinceMs + 10_000, 10_000);
      expect(told).toEqual(['taken', 'end idle']);
      ended('idle');
    } finally {
      vi.useRealTimers();
    }
  });

  it('comes when an operator says so, to that one alone', () => {
    const { told } = forwarded();
    expect([desk.kick('other'), told]).toEqual([false, ['taken']]);
    expect([desk.kick('s'), told]).toEqual([true, ['taken', 'end kicked']]);
    ended('kicked');
    expect(desk.kick('s')).toBe(false);
  });

  it('comes when no origin has it any more', () => {
    const { told } = forwarded();
    origins = [];
    link(0).events.ended(GONE);
    timers.pass(LOST_MS);
    expect(told).toEqual(['taken', 'end no-origin']);
    ended('no-origin', false);
  });

  it('comes with the desk’s own, which hears of no owners then', () => {
    const { told } = forwarded();
    desk.stop();
    expect([told, isSubscribed]).toEqual([['taken', 'end stopping'], false]);
    ended('stopping');
  });

  it('comes when publishers are closed: at the next keyframe where it was asked to go elsewhere', () => {
    const asked = forwarded();
    const other = forwarded('t');
    desk.depart('asked', ({ id }) => (id === 's' ? 'b' : null));
    desk.close('others');
    expect([asked.told, other.told]).toEqual([['taken'], ['taken', 'end stopping']]);
    for (const frame of [INTER(40, 2), AUDIO(50, 3)]) asked.feed.push(frame);
    expect(asked.told).toEqual(['taken']);
    asked.feed.push(KEY(80, 4));
    expect(asked.told).toEqual(['taken', 'end reconnecting']);
    expect(link(0).got.map(({ payload }) => payload.at(-1))).not.toContain(4);
  });

  it('does not come at a keyframe any more where the drain is cancelled', () => {
    const { feed, told } = forwarded();
    desk.depart('asked', () => 'b');
    desk.close('others');
    desk.depart('staying', () => null);
    feed.push(KEY(80, 4));
    expect(told).toEqual(['taken']);
  });

  it('is a fault’s, which is its own', () => {
    const planted = new TypeError('planted');
    const faulty = (): never => {
      throw planted;
    };
    const { session, told } = sessionOf('s', { answered: faulty });
    desk.publish(session);
    const other = sessionOf('t');
    desk.publish(other.session);
    timers.pass(0);
    for (const each of links) each.events.accepted();
    expect([told, other.told, desk.count]).toEqual([[planted], ['taken'], 1]);
    const closing = forwarded('u', { end: faulty });
    expect([desk.kick('u'), closing.told]).toEqual([true, ['taken', planted]]);
  });
});

describe('a publisher of this member that is handed over', () => {
  let taken: number;
  let failed: number;

  function handedOver() {
    [taken, failed] = [0, 0];
    const { session, told } = sessionOf('s');
    const feed = desk.handOver(
      session,
      [VIDEO_HEADER(1), KEY(0, 1), INTER(40, 2)],
      () => {
        taken += 1;
      },
      () => {
        failed += 1;
      },
    );
    timers.pass(0);
    return { feed, told };
  }

  it('is published here until others know of the origin that took it, with its past', () => {
    const { feed, told } = handedOver();
    expect([link(0).replaces, desk.count, views()]).toEqual(['here', 0, []]);
    link(0).events.accepted();
    expect(events.at(-1)).toMatchObject({ kind: 'publish-forwarded', origin: 'o1', from: 'member-here' });
    feed.push(INTER(80, 3));
    const pictures = link(0).got.filter(({ kind }) => kind === 'video');
    expect([pictures.length, receivedBytes, taken, desk.count]).toEqual([4, 0, 0, 0]);
    // Here it is idle, kicked and closed by the desk that it is published at.
    desk.sweep(performance.now() + 60_000, 1);
    desk.close('all');
    expect([desk.kick('s'), told]).toEqual([false, []]);
    timers.pass(1000);
    expect([taken, failed, desk.count, views().length]).toEqual([1, 0, 1, 1]);
    const frame = INTER(120, 4);
    feed.push(frame);
    expect([receivedBytes, told]).toEqual([frame.payload.length, []]);
  });

  it('stays here where no origin takes it, and nobody is told of an end', () => {
    const { told } = handedOver();
    origins = [];
    link(0).events.ended(GONE);
    timers.pass(LOST_MS + 1000);
    expect([taken, failed, told, interest.size]).toEqual([0, 1, [], 0]);
    expect(events).toEqual([]);
  });

  it('is not taken where it ends in that moment', () => {
    for (const end of [(feed: { end(): void }) => feed.end(), () => desk.stop()]) {
      const { feed, told } = handedOver();
      link(-1).events.accepted();
      log.lines.length = 0;
      end(feed);
      timers.pass(1000);
      expect([taken, told, log.of('publish ended'), interest.size]).toEqual([0, [], [], 0]);
    }
  });
});
