import type { MemberId, Owner, StreamKey, StreamKeys } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OVERLAP_MS } from '../../forward/forward.js';
import type { LinkEvents } from '../../forward/link.js';
import { INTER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { ManualTimers } from '../../testing/manual-timers.js';
import { ownerOf, STREAM_LIMITS } from '../../testing/stream-world.js';
import type { Frame } from '../../wire/frame.js';
import { ForwardDesk } from './forward-desk.js';
import type { PublishSession } from './publish-session.js';

const KEY_S = '__defaultVhost__/live/s';
const LOST_MS = 3000;
const ABOUT = { key: KEY_S, id: 'x', client: '1.2.3.4:5', protocol: 'rtmp', agent: 'test' };
const EVENT = { key: KEY_S, id: 'x', client: '1.2.3.4:5', protocol: 'rtmp' };

interface Linked {
  readonly to: MemberId;
  readonly key: StreamKey;
  readonly replaces: MemberId | null;
  readonly events: LinkEvents;
  readonly got: Frame[];
  isOpen: boolean;
}

/** An edge and the origins that it knows of. */
function edge() {
  const mesh = {
    origins: ['o1', 'o2'],
    owners: [] as Owner[],
    changed: (_key: StreamKey): void => {},
    interest: null as StreamKeys | null,
    isListening: false,
  };
  const links: Linked[] = [];
  const counts: string[] = [];
  const events: object[] = [];
  const log = new MemoryLog();
  const timers = new ManualTimers();
  const flow = { receivedBytes: 0, isEnabled: true };
  const desk = new ForwardDesk({
    host: {
      member: 'edge',
      owners: () => mesh.owners,
      onOwnersChanged: (changed, interest) => {
        Object.assign(mesh, { changed, interest: interest ?? null, isListening: true });
        return () => {
          mesh.isListening = false;
        };
      },
      forwardTarget: ({ avoid }) => {
        const origin = mesh.origins.find((one) => !avoid.has(one));
        return origin === undefined ? null : ownerOf(origin);
      },
    },
    memberName: 'edge-1',
    isEnabled: () => flow.isEnabled,
    open: (to, key, replaces, on) => {
      const link: Linked = { to, key, replaces, events: on, got: [], isOpen: true };
      links.push(link);
      return {
        push: (frame) => link.got.push(frame),
        close: () => {
          link.isOpen = false;
        },
      };
    },
    timers,
    log,
    tell: (event) => events.push(event),
    count: (what) => counts.push(what),
    received: (bytes) => {
      flow.receivedBytes += bytes;
    },
    limitsOf: () => ({
      keepMs: 5000,
      keepBytesMax: 1e6,
      lostMs: LOST_MS,
      retryMs: 500,
      stream: { ...STREAM_LIMITS, mergeMs: 0, queueMs: 1000 },
    }),
  });
  return { desk, mesh, links, counts, events, log, timers, flow };
}

function sessionOf(more: Partial<PublishSession> = {}) {
  const told: string[] = [];
  const session: PublishSession = {
    id: 'x',
    key: KEY_S,
    protocol: 'rtmp',
    remote: '1.2.3.4:5',
    agent: 'test',
    end: (reason) => told.push(`end ${reason}`),
    answered: (refusal) => told.push(refusal === null ? 'accepted' : `refused ${refusal.code}`),
    fault: (error) => told.push(`fault ${error instanceof Error ? error.message : ''}`),
    ...more,
  };
  return { session, told };
}

/** A publisher that the first origin has taken. */
function forwarded(more: Partial<PublishSession> = {}) {
  const world = edge();
  const { session, told } = sessionOf(more);
  const feed = world.desk.publish(session);
  world.timers.pass(0);
  world.links[0]?.events.accepted();
  return { ...world, session, told, feed };
}

const pictures = (frames: readonly Frame[] = []) =>
  frames.flatMap(({ kind, isHeader, payload }) => (kind === 'video' && !isHeader ? [payload[5]] : []));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a publisher that is forwarded', () => {
  it('is accepted once an origin has taken it, and shown with that one', () => {
    const { desk, links, timers, log, events, counts, flow } = edge();
    const { session, told } = sessionOf();
    const feed = desk.publish(session);
    expect(links).toEqual([]);
    timers.pass(0);
    expect(links).toMatchObject([{ to: 'o1', key: KEY_S, replaces: null }]);
    const { client: remote, ...rest } = ABOUT;
    const view = { ...rest, remote, sinceMs: Date.now(), bytesIn: 0 };
    expect([...desk.publishers()]).toStrictEqual([{ ...view, isFlowing: false }]);
    expect(told).toEqual([]);
    links[0]?.events.accepted();
    for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) feed.push(frame);
    const bytesIn = VIDEO_HEADER().payload.length + KEY(0, 1).payload.length;
    expect([...desk.publishers()]).toStrictEqual([{ ...view, bytesIn, isFlowing: true, forwardedTo: 'o1' }]);
    expect([told, counts, desk.count, flow.receivedBytes]).toEqual([['accepted'], ['started'], 1, bytesIn]);
    expect(pictures(links[0]?.got)).toEqual([1]);
    expect(log.lines).toEqual([
      { level: 'info', msg: 'publish forwarded', fields: { ...ABOUT, origin: 'o1' } },
    ]);
    expect(events).toEqual([{ kind: 'publish-forwarded', ...EVENT, origin: 'o1' }]);
  });

  it('is refused where no origin takes it, in the words of the last one', () => {
    const { desk, links, timers, log, events, counts, mesh } = edge();
    const { session, told } = sessionOf();
    desk.publish(session);
    timers.pass(0);
    links[0]?.events.ended({ code: 'unreachable', text: 'nobody there' });
    links[1]?.events.ended({ code: 'refused', text: 'no', reason: 'owned-elsewhere' });
    expect([told, counts, desk.count]).toEqual([['refused owned-elsewhere'], ['failed', 'failed'], 0]);
    expect(mesh.interest?.size).toBe(0);
    expect(log.lines).toEqual([
      {
        level: 'info',
        msg: 'forward not taken',
        fields: { ...ABOUT, origin: 'o1', reason: 'unreachable', text: 'nobody there' },
      },
      {
        level: 'info',
        msg: 'forward not taken',
        fields: { ...ABOUT, origin: 'o2', reason: 'owned-elsewhere', text: 'no' },
      },
      { level: 'info', msg: 'publish refused', fields: { ...ABOUT, reason: 'owned-elsewhere' } },
    ]);
    expect(events).toEqual([{ kind: 'publish-refused', ...EVENT, reason: 'owned-elsewhere' }]);
  });

  it('moves to another origin where its own is lost', () => {
    const { feed, links, told, log, events, counts } = forwarded();
    for (const frame of [VIDEO_HEADER(), KEY(0, 1), INTER(40, 2)]) feed.push(frame);
    links[0]?.events.ended({ code: 'closed-by-server', text: 'gone' });
    expect(links[1]).toMatchObject({ to: 'o2', replaces: 'o1' });
    links[1]?.events.accepted();
    expect(pictures(links[1]?.got)).toEqual([1, 2]);
    expect([told, counts]).toEqual([['accepted'], ['started', 'lost', 'moved']]);
    expect(log.lines.slice(1)).toEqual([
      {
        level: 'warn',
        msg: 'forward lost its origin',
        fields: { ...ABOUT, origin: 'o1', reason: 'closed-by-server', text: 'gone' },
      },
      {
        level: 'info',
        msg: 'forward moved',
        fields: { ...ABOUT, origin: 'o2', from: 'o1', reason: 'closed-by-server', framesSent: 2 },
      },
    ]);
    expect(events.at(-1)).toEqual({
      kind: 'publish-forwarded',
      ...EVENT,
      origin: 'o2',
      from: 'o1',
      reason: 'closed-by-server',
    });
  });

  it('ends where its origin closed it for good, or no other one takes it', () => {
    const kicked = forwarded();
    kicked.links[0]?.events.ended({ code: 'refused', text: '', reason: 'kicked' });
    expect([kicked.told, kicked.desk.count]).toEqual([['accepted', 'end kicked'], 0]);
    expect(kicked.log.of('publish ended')).toEqual([{ ...ABOUT, reason: 'kicked' }]);
    expect(kicked.events.at(-1)).toEqual({ kind: 'publish-ended', ...EVENT, reason: 'kicked' });
    const lost = forwarded();
    lost.mesh.origins = [];
    lost.links[0]?.events.ended({ code: 'closed-by-server', text: '' });
    lost.timers.pass(LOST_MS + 500);
    expect(lost.told).toEqual(['accepted', 'end no-origin']);
  });

  it('leaves an origin that drains: as soon as it is heard, at a sweep, or as it is taken', () => {
    const drains = [{ ...ownerOf('o9') }, ownerOf('o1', { draining: true })];
    const heard = forwarded();
    heard.mesh.owners = drains;
    heard.mesh.changed('v/live/another');
    expect(heard.links).toHaveLength(1);
    heard.mesh.changed(KEY_S);
    expect(heard.links.map(({ to }) => to)).toEqual(['o1', 'o2']);

    const swept = forwarded();
    swept.mesh.owners = drains;
    swept.desk.sweep(performance.now(), 60_000);
    expect(swept.links.map(({ to }) => to)).toEqual(['o1', 'o2']);

    const taken = edge();
    taken.mesh.owners = drains;
    taken.desk.publish(sessionOf().session);
    taken.timers.pass(0);
    taken.mesh.changed(KEY_S);
    expect(taken.links).toHaveLength(1);
    taken.links[0]?.events.accepted();
    expect(taken.links.map(({ to }) => to)).toEqual(['o1', 'o2']);
  });

  it('is closed where it sends no media for long; headers and metadata are none', () => {
    const { desk, feed, told, links } = forwarded();
    vi.advanceTimersByTime(3000);
    feed.push(KEY(0));
    vi.advanceTimersByTime(4999);
    for (const frame of [VIDEO_HEADER(), METADATA()]) feed.push(frame);
    desk.sweep(performance.now(), 5000);
    expect(told).toEqual(['accepted']);
    vi.advanceTimersByTime(1);
    desk.sweep(performance.now(), 5000);
    expect([told.at(-1), links[0]?.isOpen]).toEqual(['end idle', false]);
  });

  it('ends with its connection, once', () => {
    const { desk, feed, told, links, log, events } = forwarded();
    feed.end();
    feed.end();
    feed.push(KEY(0));
    expect([told, desk.count, links[0]?.isOpen, links[0]?.got]).toEqual([['accepted'], 0, false, []]);
    expect(log.of('publish ended')).toEqual([{ ...ABOUT, reason: 'connection-ended' }]);
    expect(events.filter((event) => 'reason' in event)).toHaveLength(1);
  });

  it('can be closed by an operator, by its id', () => {
    const { desk, told } = forwarded();
    const other = sessionOf({ id: 'y', key: 'v/live/t' });
    desk.publish(other.session);
    expect([desk.kick('z'), desk.kick('x'), desk.kick('x')]).toEqual([false, true, false]);
    expect([told, other.told, desk.count]).toEqual([['accepted', 'end kicked'], [], 1]);
  });

  it('ends where this member stops', () => {
    const { desk, told, links, mesh } = forwarded();
    desk.stop();
    expect([told, desk.count, links[0]?.isOpen, mesh.isListening]).toEqual([
      ['accepted', 'end stopping'],
      0,
      false,
      false,
    ]);
  });

  it('is forwarded while that is configured', () => {
    const { desk, flow } = edge();
    expect(desk.isEnabled).toBe(true);
    flow.isEnabled = false;
    expect(desk.isEnabled).toBe(false);
  });

  it('makes its stream one whose owners are of interest, as long as one publisher of it is left', () => {
    const { desk, mesh, feed } = forwarded();
    const second = desk.publish(sessionOf({ id: 'y' }).session);
    const interest = () => [
      mesh.interest?.size,
      mesh.interest?.has(KEY_S),
      mesh.interest?.has('v/live/t'),
      [...(mesh.interest?.keys() ?? [])],
    ];
    expect(interest()).toEqual([1, true, false, [KEY_S]]);
    feed.end();
    expect(interest()).toEqual([1, true, false, [KEY_S]]);
    second.end();
    expect(interest()).toEqual([0, false, false, []]);
  });

  it('leaves as it was asked to, and stays where nobody could be asked', () => {
    const { desk, told, feed } = forwarded();
    const other = sessionOf({ id: 'y', key: 'v/live/t' });
    desk.publish(other.session);
    feed.push(VIDEO_HEADER());
    feed.push(KEY(0));
    desk.depart('asked', ({ id }) => (id === 'x' ? 'b' : null));
    desk.close('others');
    expect([told, other.told]).toEqual([['accepted'], ['end stopping']]);
    feed.push(INTER(40));
    expect(told).toEqual(['accepted']);
    desk.depart('staying', () => null);
    feed.push(KEY(80));
    desk.depart('asked', () => 'b');
    desk.close('others');
    feed.push(KEY(120));
    expect(told).toEqual(['accepted', 'end reconnecting']);
  });
});

describe('a publisher that is handed over', () => {
  const handing = () => {
    const world = edge();
    const { session, told } = sessionOf();
    const heard: string[] = [];
    const feed = world.desk.handOver(
      session,
      [VIDEO_HEADER(), KEY(0, 1), INTER(40, 2)],
      () => heard.push('taken'),
      () => heard.push('failed'),
    );
    world.timers.pass(0);
    return { ...world, session, told, heard, feed };
  };

  it('is this member’s until another origin has had it for a moment, past and present', () => {
    const { desk, links, timers, feed, heard, told, log, counts, flow } = handing();
    expect([desk.count, [...desk.publishers()], desk.kick('x')]).toEqual([0, [], false]);
    expect(links).toMatchObject([{ to: 'o1', replaces: 'edge' }]);
    links[0]?.events.accepted();
    feed.push(INTER(80, 3));
    expect(pictures(links[0]?.got)).toEqual([1, 2, 3]);
    expect(log.of('forward moved')).toEqual([
      { ...ABOUT, origin: 'o1', from: 'edge-1', reason: 'draining', framesSent: 2 },
    ]);
    timers.pass(OVERLAP_MS - 1);
    expect([heard, desk.count, flow.receivedBytes]).toEqual([[], 0, 0]);
    timers.pass(1);
    expect([heard, desk.count, counts]).toEqual([['taken'], 1, ['moved']]);
    feed.push(INTER(120, 4));
    expect(flow.receivedBytes).toBe(INTER(120, 4).payload.length);
    // From now on it is as any other.
    expect(desk.kick('x')).toBe(true);
    expect(told).toEqual(['end kicked']);
  });

  it('stays where that origin closes it at once, also while it is handed over anew', () => {
    const { desk, links, timers, session, heard } = handing();
    links[0]?.events.accepted();
    links[0]?.events.ended({ code: 'refused', text: '', reason: 'kicked' });
    expect(heard).toEqual(['failed']);
    desk.handOver(
      session,
      [],
      () => heard.push('taken anew'),
      () => heard.push('failed anew'),
    );
    timers.pass(OVERLAP_MS);
    expect(heard).toEqual(['failed']);
    links[1]?.events.accepted();
    timers.pass(OVERLAP_MS);
    expect(heard).toEqual(['failed', 'taken anew']);
  });

  it('stays where nobody takes it in time, and nobody is told that it ended', () => {
    const { desk, links, timers, heard, told, mesh, log } = handing();
    mesh.origins = [];
    links[0]?.events.ended({ code: 'unreachable', text: '' });
    timers.pass(LOST_MS + 500);
    expect([heard, told, desk.count, log.of('publish ended')]).toEqual([['failed'], [], 0, []]);
    desk.sweep(performance.now(), 0);
    desk.close('all');
    expect(told).toEqual([]);
  });

  it('is neither idle, closed nor ended by who forwards, as long as it is published here', () => {
    const { desk, told, links, feed, log } = handing();
    vi.advanceTimersByTime(60_000);
    desk.sweep(performance.now(), 5000);
    desk.close('all');
    expect([told, links[0]?.isOpen]).toEqual([[], true]);
    feed.end();
    expect([links[0]?.isOpen, log.of('publish ended')]).toEqual([false, []]);
  });

  it('is not taken any more once it has ended', () => {
    const { links, timers, feed, heard } = handing();
    links[0]?.events.accepted();
    feed.end();
    timers.pass(OVERLAP_MS);
    expect([heard, links[0]?.isOpen]).toEqual([[], false]);
  });

  it('goes on to a further origin where the first drains at once, and is taken once', () => {
    const { links, timers, heard, mesh } = handing();
    mesh.owners = [ownerOf('o1', { draining: true })];
    links[0]?.events.accepted();
    expect(links.map(({ to }) => to)).toEqual(['o1', 'o2']);
    timers.pass(OVERLAP_MS / 2);
    links[1]?.events.accepted();
    timers.pass(2 * OVERLAP_MS);
    expect(heard).toEqual(['taken']);
  });

  it('is let go of where this member stops: it ends here', () => {
    const { desk, links, told } = handing();
    desk.stop();
    expect([links[0]?.isOpen, told]).toEqual([false, []]);
  });
});

describe('a fault with a publisher that is forwarded', () => {
  const fail = (): never => {
    throw new Error('planted');
  };

  it('as it hears that it is accepted ends it alone, at the origin too', () => {
    const { desk, told, links } = forwarded({ answered: fail });
    expect([told, desk.count, links[0]?.isOpen]).toEqual([['fault planted'], 0, false]);
  });

  it('as it is closed is told', () => {
    const { desk, told } = forwarded({ end: fail });
    desk.kick('x');
    expect([told, desk.count]).toEqual([['accepted', 'fault planted'], 0]);
  });
});
