import type { PublishTarget } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LinkEvents } from '../../forward/link.js';
import { INTER, KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { ManualTimers } from '../../testing/manual-timers.js';
import { MemoryStreams, ownerOf, STREAM_LIMITS } from '../../testing/stream-world.js';
import type { Frame } from '../../wire/frame.js';
import { ForwardDesk } from './forward-desk.js';
import { PublishDesk } from './publish-desk.js';
import type { PublishFeed, PublishSession, Reconnecting } from './publish-session.js';

const LOST_MS = 3000;
const address = (host: string) => ({ network: 'n', host, rtmpPort: 1935, httpPort: 8080 });
const targetOf = (host: string): PublishTarget => {
  const { member, profile } = ownerOf(host);
  return { member, profile, address: address(host) };
};

/** A member with two others to go to: `b`, where clients are asked to go, and the origin `o`, which takes what is forwarded. */
function memberOf({ isEdge = false } = {}) {
  const log = new MemoryLog();
  const events: string[] = [];
  const tell = (event: { readonly kind: string; readonly id?: string; readonly target?: string }) =>
    void events.push([event.kind, event.id, event.target].filter(Boolean).join(' '));
  const mesh = { target: targetOf('b') as PublishTarget | null, moves: [] as object[], refuses: false };
  const links: { readonly events: LinkEvents; readonly replaces: string | null; readonly got: Frame[] }[] =
    [];
  const timers = new ManualTimers();
  const host = {
    member: 'here',
    owners: () => [],
    onOwnersChanged: () => () => {},
    claim: () => {},
    release: () => {},
    isDisputed: () => false,
    workerOf: () => null,
    publishElsewhere: (move: object) => {
      mesh.moves.push(move);
      return mesh.target;
    },
    forwardTarget: ({ avoid }: { readonly avoid: ReadonlySet<string> }) =>
      avoid.has('o') ? null : ownerOf('o'),
  };
  const stream = { ...STREAM_LIMITS, mergeMs: 0, queueMs: 1000 };
  const forwards = new ForwardDesk({
    host,
    memberName: 'here',
    isEnabled: () => true,
    open: (_to, _key, replaces, on) => {
      const link = { events: on, replaces, got: [] as Frame[] };
      links.push(link);
      if (mesh.refuses) timers.after(0, () => on.ended({ code: 'refused', text: '' }));
      return { push: (frame) => link.got.push(frame), close: () => {} };
    },
    timers,
    log,
    tell,
    count: () => {},
    received: () => {},
    limitsOf: () => ({ keepMs: 5000, keepBytesMax: 1e6, lostMs: LOST_MS, retryMs: 500, stream }),
  });
  const desk = new PublishDesk(
    { streams: new MemoryStreams(), host, forwards, log, tell, onPublisherChanged: () => {} },
    { acceptsPublishers: !isEdge, idleMs: 60_000, policy: () => 'backup' },
  );
  return { desk, log, events, mesh, links, timers };
}

interface Client {
  readonly session: PublishSession;
  readonly feed: PublishFeed;
  /** What it was asked and told, in order. */
  readonly told: string[];
}

/** Publishes a stream of that name. `reconnecting`: what it told of itself where it can be asked; null: it cannot. */
function clientOf(
  desk: PublishDesk,
  id: string,
  reconnecting: Pick<Reconnecting, 'reachedBy' | 'isSecure'> | null = { isSecure: false },
  more: Partial<PublishSession> = {},
): Client {
  const told: string[] = [];
  const session: PublishSession = {
    id,
    key: `v/live/${id}`,
    protocol: 'rtmp',
    remote: '1.2.3.4:5',
    agent: 'test',
    ...(reconnecting !== null && {
      reconnecting: { ...reconnecting, ask: ({ host }, sweep) => told.push(`go to ${host}, ${sweep}`) },
    }),
    end: (reason) => told.push(`end ${reason}`),
    answered: (refusal) => told.push(refusal === null ? 'taken' : refusal.code),
    fault: (error) => told.push(`fault ${error instanceof Error ? error.message : ''}`),
    ...more,
  };
  const answer = desk.publish(session);
  if (answer.accepted === false) throw new Error(answer.code);
  return { session, feed: answer.feed, told };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('publishers of an origin that drains', () => {
  it('are asked where they can be, by how they reached us, and counted until they are gone', () => {
    const { desk, mesh, log, events } = memberOf();
    const plain = clientOf(desk, 'plain', null);
    const able = clientOf(desk, 'able', { isSecure: true, reachedBy: 'media.example' });
    const other = clientOf(desk, 'other');
    desk.askToReconnect();
    expect([plain.told, able.told, other.told]).toEqual([[], ['go to b, 1'], ['go to b, 1']]);
    expect(mesh.moves).toStrictEqual([
      { key: 'v/live/able', isSecure: true, reachedBy: 'media.example' },
      { key: 'v/live/other', isSecure: false },
    ]);
    expect(log.of('publisher asked to reconnect')).toMatchObject([
      { key: 'v/live/able', id: 'able', target: 'b' },
      { key: 'v/live/other', id: 'other', target: 'b' },
    ]);
    expect(events.filter((line) => line.includes('asked'))).toEqual([
      'publish-asked-to-reconnect able b',
      'publish-asked-to-reconnect other b',
    ]);
    expect(desk.askedCount).toBe(2);
    able.feed.end();
    expect(desk.askedCount).toBe(1);
  });

  it('are asked anew in each drain, and of nothing while nobody has room', () => {
    const { desk, mesh, log } = memberOf();
    mesh.target = null;
    const { told } = clientOf(desk, 's');
    desk.askToReconnect();
    expect([told, desk.askedCount, log.of('publisher asked to reconnect')]).toEqual([[], 0, []]);
    mesh.target = targetOf('c');
    desk.askToReconnect();
    desk.accept();
    expect(desk.askedCount).toBe(0);
    desk.askToReconnect();
    expect(told).toEqual(['go to c, 2', 'go to c, 4']);
  });

  it('are closed at their next keyframe where they were asked, the others at once, all of them in the end', () => {
    const { desk } = memberOf();
    const plain = clientOf(desk, 'plain', null);
    const able = clientOf(desk, 'able');
    const late = clientOf(desk, 'late');
    for (const { feed } of [able, late]) for (const frame of [VIDEO_HEADER(), KEY(0)]) feed.push(frame);
    desk.askToReconnect();
    desk.close('others');
    able.feed.push(INTER(40));
    expect([plain.told.at(-1), desk.count]).toEqual(['end stopping', 2]);
    able.feed.push(KEY(80));
    expect([able.told.at(-1), desk.count]).toEqual(['end reconnecting', 1]);
    desk.close('all');
    expect([late.told.at(-1), desk.count]).toEqual(['end reconnecting', 0]);
  });

  it('stay where the drain is cancelled meanwhile, also those whose turn had not come', () => {
    const { desk } = memberOf();
    const clients = Array.from({ length: 30 }, (_, index) => clientOf(desk, `s${index}`));
    let ms = 0;
    // Each look at the clock takes half of a slice.
    const now = vi.spyOn(performance, 'now').mockImplementation(() => {
      ms += 0.5;
      return ms;
    });
    const asked = () => clients.filter(({ told }) => told.length > 0).length;
    try {
      desk.askToReconnect();
      const first = asked();
      expect(first).toBeLessThan(clients.length);
      vi.advanceTimersToNextTimer();
      expect(asked()).toBeGreaterThan(first);
      desk.accept();
      const second = asked();
      for (let turns = 0; turns < clients.length; turns += 1) vi.advanceTimersByTime(1);
      expect([asked(), desk.askedCount, desk.count]).toEqual([second, 0, clients.length]);
    } finally {
      now.mockRestore();
    }
  });

  it('count as asked where another member forwards them: it hears of the drain itself', () => {
    const { desk, mesh } = memberOf();
    const { told } = clientOf(desk, 's', null, { forward: { replaces: null } });
    desk.askToReconnect();
    expect([told, mesh.moves, desk.askedCount]).toEqual([[], [], 1]);
  });

  it('end alone where asking one of them throws', () => {
    const { desk } = memberOf();
    const broken = clientOf(desk, 'broken', null, {
      reconnecting: {
        isSecure: false,
        ask: () => {
          throw new Error('odd');
        },
      },
    });
    const { told } = clientOf(desk, 's');
    desk.askToReconnect();
    expect([broken.told, told, desk.askedCount]).toEqual([['fault odd'], ['go to b, 1'], 1]);
  });
});

describe('publishers that a draining origin hands over', () => {
  const drained = () => {
    const member = memberOf();
    const client = clientOf(member.desk, 's', null);
    for (const frame of [VIDEO_HEADER(), KEY(0, 1), INTER(40, 2)]) client.feed.push(frame);
    member.desk.refuse(true);
    member.desk.close('others');
    member.timers.pass(0);
    return { ...member, ...client };
  };
  const pictures = (frames: readonly Frame[] = []) =>
    frames.flatMap(({ kind, isHeader, payload }) => (kind === 'video' && !isHeader ? [payload[5]] : []));

  it('stay here until another origin has all of their past and present, and then end as forwarded', () => {
    const { desk, feed, told, links, timers, log } = drained();
    expect([links.length, links[0]?.replaces, told, desk.count]).toEqual([1, 'here', [], 1]);
    links[0]?.events.accepted();
    feed.push(INTER(80, 3));
    expect(pictures(links[0]?.got)).toEqual([1, 2, 3]);
    expect([desk.forwardCount, log.of('publish ended')]).toEqual([0, []]);
    timers.pass(1000);
    expect([desk.forwardCount, desk.count, told]).toEqual([1, 1, []]);
    expect(log.of('publish ended')).toMatchObject([{ id: 's', reason: 'forwarded' }]);
    feed.push(INTER(120, 4));
    expect(pictures(links[0]?.got)).toEqual([1, 2, 3, 4]);
  });

  it('are handed over once, and once more where nobody took them in time', () => {
    const { desk, mesh, links, timers, told } = drained();
    desk.close('others');
    timers.pass(0);
    expect(links).toHaveLength(1);
    mesh.refuses = true;
    links[0]?.events.ended({ code: 'refused', text: '' });
    timers.pass(LOST_MS + 500);
    mesh.refuses = false;
    const tried = links.length;
    expect([desk.count, desk.forwardCount, told]).toEqual([1, 0, []]);
    desk.close('others');
    timers.pass(0);
    expect(links.length).toBe(tried + 1);
    desk.close('all');
    expect([told, desk.count]).toEqual([['end stopping'], 0]);
  });

  it('are not those that another member forwards: these are closed, at a keyframe where asked', () => {
    const { desk, timers, links } = memberOf();
    const { told } = clientOf(desk, 's', null, { forward: { replaces: null } });
    desk.refuse(true);
    desk.close('others');
    timers.pass(0);
    expect([links, told]).toEqual([[], ['end stopping']]);
  });

  it('need not go to a keyframe where they were asked as well', () => {
    const { desk, timers, links } = memberOf();
    const { feed, told } = clientOf(desk, 's');
    for (const frame of [VIDEO_HEADER(), KEY(0)]) feed.push(frame);
    desk.refuse(true);
    desk.askToReconnect();
    desk.close('others');
    timers.pass(0);
    feed.push(KEY(40));
    expect([told, links.length, desk.askedCount]).toEqual([['go to b, 1'], 1, 0]);
  });
});

describe('publishers of an edge that drains', () => {
  const edge = () => {
    const member = memberOf({ isEdge: true });
    const [plain, able] = [clientOf(member.desk, 'plain', null), clientOf(member.desk, 'able')];
    member.timers.pass(0);
    for (const { events } of member.links) events.accepted();
    for (const { feed } of [plain, able]) for (const frame of [VIDEO_HEADER(), KEY(0)]) feed.push(frame);
    return { ...member, plain, able };
  };

  it('are asked and closed as those of an origin are', () => {
    const { desk, plain, able } = edge();
    expect([plain.told, able.told, desk.forwardCount]).toEqual([['taken'], ['taken'], 2]);
    desk.askToReconnect();
    desk.close('others');
    expect([plain.told.at(-1), able.told.at(-1)]).toEqual(['end stopping', 'go to b, 1']);
    able.feed.push(KEY(40));
    expect([able.told.at(-1), desk.count]).toEqual(['end reconnecting', 0]);
  });

  it('stay where the drain is cancelled', () => {
    const { desk, able } = edge();
    desk.askToReconnect();
    desk.close('others');
    desk.accept();
    able.feed.push(KEY(40));
    expect([able.told.at(-1), desk.count]).toEqual(['go to b, 1', 1]);
  });

  it('are those of an origin no more once they are forwarded: its drain leaves them alone until the end', () => {
    const { desk, timers, links } = memberOf();
    desk.refuse(true);
    const { told } = clientOf(desk, 's');
    timers.pass(0);
    links[0]?.events.accepted();
    desk.askToReconnect();
    desk.close('others');
    expect([told, desk.forwardCount]).toEqual([['taken'], 1]);
  });
});
