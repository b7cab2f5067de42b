import { type Claim, NO_LOAD, type Owner, type StreamKey, type StreamKeys } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientRefs } from '../../client-refs.js';
import type { WorkerAddress } from '../../media-host.js';
import { AUDIO, AUDIO_HEADER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { MemoryPlayer } from '../../testing/memory-player.js';
import { MemoryStreams, ownerOf } from '../../testing/stream-world.js';
import { makeFrame } from '../../wire/make-frame.js';
import { PublishDesk } from './publish-desk.js';
import type { PublishPolicy } from './publish-policy.js';
import type { PublishEnd, PublishSession } from './publish-session.js';
import { TAKEOVERS_MAX } from './takeover-pace.js';

const KEY_S = '__defaultVhost__/live/s';

function deskOf(acceptsPublishers = true, policy: PublishPolicy = 'backup', idleMs = 5000) {
  const mesh: {
    others: Owner[];
    changed: (key: StreamKey) => void;
    interest: StreamKeys | null;
    isDisputed: boolean;
    sibling: WorkerAddress | null;
  } = {
    others: [],
    changed: () => {},
    interest: null,
    isDisputed: false,
    sibling: null,
  };
  const said: string[] = [];
  const claims: Claim[] = [];
  const streams = new MemoryStreams();
  const log = new MemoryLog();
  /** Streams whose publisher came or went, in order. */
  const changes: StreamKey[] = [];
  const host = {
    claim: (claim: Claim) => {
      claims.push(claim);
      said.push(`claim ${claim.key}`);
    },
    release: (key: StreamKey) => said.push(`release ${key}`),
  };
  const desk = new PublishDesk(
    {
      streams,
      forwards: null,
      host: {
        member: 'here',
        owners: () => mesh.others,
        onOwnersChanged: (listener, interest) => {
          mesh.changed = listener;
          mesh.interest = interest;
          return () => said.push('unsubscribe');
        },
        claim: host.claim,
        release: (key) => void host.release(key),
        isDisputed: () => mesh.isDisputed,
        publishElsewhere: () => null,
        workerOf: () => mesh.sibling,
      },
      log,
      onPublisherChanged: (key) => changes.push(key),
    },
    { acceptsPublishers, idleMs, policy: () => policy },
  );
  return { desk, said, claims, streams, log, mesh, changes };
}

function sessionOf(key = KEY_S): PublishSession & { readonly ends: PublishEnd[] } {
  const ends: PublishEnd[] = [];
  return {
    id: 'x',
    key,
    protocol: 'rtmp',
    remote: '1.2.3.4:5',
    agent: 'test',
    ends,
    end: (reason) => ends.push(reason),
    answered: () => {},
    fault: (error) => {
      throw error;
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('PublishDesk', () => {
  it('closes many publishers in slices, and all of them in the end, or at once when it stops', () => {
    vi.useFakeTimers();
    const { desk } = deskOf();
    const sessions = Array.from({ length: 20 }, (_, index) => sessionOf(`v/live/s${index}`));
    for (const session of sessions) desk.publish(session);
    let ms = 0;
    // Each look at the clock takes half of a slice.
    const now = vi.spyOn(performance, 'now').mockImplementation(() => {
      ms += 0.5;
      return ms;
    });
    desk.close('all');
    const first = 20 - desk.count;
    expect(first).toBeGreaterThanOrEqual(1);
    expect(first).toBeLessThan(20);
    for (let turns = 0; desk.count > 0 && turns < 20; turns += 1) vi.advanceTimersByTime(1);
    expect(sessions.map(({ ends }) => ends)).toEqual(Array(20).fill(['stopping']));
    const again = sessions.map(({ key }) => sessionOf(key));
    for (const session of again) desk.publish(session);
    desk.stop();
    expect(desk.count).toBe(0);
    now.mockRestore();
    vi.useRealTimers();
  });

  it('wants to hear of owners of what is published here, and where streams are taken over of every claim', () => {
    const { desk, mesh } = deskOf();
    expect([mesh.interest?.size, mesh.interest?.has(KEY_S)]).toEqual([0, false]);
    desk.publish(sessionOf());
    expect([mesh.interest?.size, mesh.interest?.has(KEY_S), mesh.interest?.has('v/live/t')]).toEqual([
      1,
      true,
      false,
    ]);
    expect([...(mesh.interest?.keys() ?? [])]).toEqual([KEY_S]);
    const taking = deskOf(true, 'takeover').mesh.interest;
    expect([taking?.size, taking?.has('v/live/t'), [...(taking?.keys() ?? [])]]).toEqual([0, true, []]);
  });

  it('claims what it accepts, and releases it at once when it ends', () => {
    const { desk, said, streams } = deskOf();
    const answer = desk.publish(sessionOf());
    expect(said).toEqual([`claim ${KEY_S}`]);
    if (!answer.accepted) throw new Error('refused');
    answer.feed.end();
    answer.feed.end();
    expect(said).toEqual([`claim ${KEY_S}`, `release ${KEY_S}`]);
    expect([desk.count, streams.get(KEY_S)]).toEqual([0, undefined]);
    expect(desk.publish(sessionOf()).accepted).toBe(true);
  });

  it('shows what a publisher sent itself, not what fed the stream before it', () => {
    const { desk, streams } = deskOf();
    const bytes = () => [...clientRefs(desk, streams)].map(({ view }) => view().bytes);
    streams.open(KEY_S).add(new MemoryPlayer('player'));
    const before = desk.publish(sessionOf());
    if (before.accepted) {
      before.feed.push(KEY(0));
      before.feed.end();
    }
    const now = desk.publish(sessionOf());
    expect(bytes()[0]).toBe(0);
    if (now.accepted) now.feed.push(KEY(40, 1, 100));
    expect(bytes()[0]).toBe(KEY(40, 1, 100).payload.length);
  });

  it('refuses a second publisher and leaves the first alone', () => {
    const { desk, said, claims, streams } = deskOf();
    const first = desk.publish(sessionOf());
    const second = desk.publish(sessionOf());
    expect(second).toMatchObject({ accepted: false, code: 'already-published' });
    expect(said).toHaveLength(1);
    expect(claims).toHaveLength(1);
    if (first.accepted) first.feed.push(KEY(0));
    expect(streams.get(KEY_S)?.bytesIn).toBeGreaterThan(0);
  });

  it('ends the one whose claim lost to another worker’s, and not who took its place meanwhile', () => {
    const { desk, claims } = deskOf(true, 'takeover');
    const [lost, newer] = [sessionOf(), sessionOf()];
    desk.publish(lost);
    desk.publish(newer);
    expect(lost.ends).toEqual(['taken-over']);
    const [ofLost = 0, ofNewer = 0] = claims.map(({ sinceMs }) => sinceMs);
    desk.endOne(KEY_S, ofLost, 'taken-over');
    expect(newer.ends).toEqual([]);
    desk.endOne(KEY_S, ofNewer, 'taken-over');
    expect(newer.ends).toEqual(['taken-over']);
  });

  it('refuses where another worker of this member has one, and takes it over by `takeover` with a newer claim', () => {
    const { desk, mesh } = deskOf();
    mesh.sibling = { worker: 2, path: '/2' };
    expect(desk.publish(sessionOf())).toMatchObject({ accepted: false, code: 'already-published' });
    mesh.sibling = null;
    expect(desk.publish(sessionOf()).accepted).toBe(true);
    const taking = deskOf(true, 'takeover');
    taking.mesh.sibling = { worker: 2, path: '/2' };
    const own = ownerOf('here', { sinceMs: Date.now() + 60_000 });
    taking.mesh.others = [own];
    expect(taking.desk.publish(sessionOf()).accepted).toBe(true);
    expect(taking.claims[0]?.sinceMs).toBe(own.claim.sinceMs + 1);
  });

  it('refuses while a twin of this member runs, and takes publishers once it is gone', () => {
    const { desk, said, mesh } = deskOf();
    mesh.isDisputed = true;
    expect(desk.publish(sessionOf())).toMatchObject({
      accepted: false,
      code: 'identity-disputed',
      text: expect.stringContaining('identity'),
    });
    expect(said).toEqual([]);
    mesh.isDisputed = false;
    expect(desk.publish(sessionOf()).accepted).toBe(true);
  });

  it('refuses on an edge, claiming nothing', () => {
    const { desk, said, log } = deskOf(false);
    expect(desk.publish(sessionOf())).toMatchObject({ accepted: false, code: 'not-an-origin' });
    expect(said).toEqual([]);
    expect(log.of('publish refused')).toMatchObject([{ reason: 'not-an-origin', key: KEY_S }]);
  });

  it('claims once more when the first packets told what is in it', () => {
    const { desk, claims } = deskOf();
    const answer = desk.publish(sessionOf());
    if (!answer.accepted) throw new Error('refused');
    for (const frame of [METADATA(), VIDEO_HEADER(), AUDIO_HEADER(), KEY(0), KEY(40)])
      answer.feed.push(frame);
    vi.advanceTimersByTime(0);
    expect(claims).toHaveLength(2);
    expect(claims[1]).toMatchObject({
      sinceMs: claims[0]?.sinceMs,
      media: { video: { codec: 'h264' }, audio: { codec: 'aac' } },
    });
  });

  it('claims nothing more for a publisher that is gone', () => {
    const { desk, claims } = deskOf();
    const answer = desk.publish(sessionOf());
    if (!answer.accepted) throw new Error('refused');
    answer.feed.push(VIDEO_HEADER());
    answer.feed.end();
    vi.runAllTimers();
    expect(claims).toHaveLength(1);
  });

  it('closes who sends no media, counting no metadata as media', () => {
    const { desk, said } = deskOf();
    const silent = sessionOf('__defaultVhost__/live/silent');
    const busy = sessionOf('__defaultVhost__/live/busy');
    const talker = desk.publish(silent);
    const sender = desk.publish(busy);
    vi.advanceTimersByTime(4000);
    if (sender.accepted) sender.feed.push(KEY(0));
    if (talker.accepted) talker.feed.push(METADATA());
    vi.advanceTimersByTime(1000);
    desk.endIdle(performance.now());
    expect([silent.ends, busy.ends]).toEqual([['idle'], []]);
    expect(said).toContain(`release ${silent.key}`);
  });

  it('counts nothing as media that players get nothing of: headers, ends, empty tags, words to who seeks', () => {
    const { desk } = deskOf();
    const session = sessionOf();
    const answer = desk.publish(session);
    if (!answer.accepted) throw new Error(answer.code);
    const empty = [
      ...['1702000000', '1701000000', '2701000000', '5700', '9268766331', '9161763031', '91617'].map((hex) =>
        makeFrame('video', 0, Buffer.from(hex, 'hex')),
      ),
      ...['af01', 'af00', 'af02', '72', ''].map((hex) => makeFrame('audio', 0, Buffer.from(hex, 'hex'))),
    ];
    vi.advanceTimersByTime(4000);
    for (const frame of [VIDEO_HEADER(), AUDIO_HEADER(), ...empty]) answer.feed.push(frame);
    vi.advanceTimersByTime(1000);
    desk.endIdle(performance.now());
    expect(session.ends).toEqual(['idle']);
  });

  it('says in its claims whether media flows: not at first, then each change, at most one a second', () => {
    const { desk, claims, log } = deskOf();
    const answer = desk.publish(sessionOf());
    if (!answer.accepted) throw new Error(answer.code);
    const said = () => claims.map(({ silent }) => (silent === true ? 'silent' : 'flows'));
    const send = (count: number, everyMs: number) => {
      for (let i = 0; i < count; i += 1) {
        vi.advanceTimersByTime(everyMs);
        answer.feed.push(KEY(i * everyMs));
      }
    };
    expect(said()).toEqual(['silent']);
    send(50, 40);
    expect(said()).toEqual(['silent', 'flows']);
    expect(log.of('publisher silent')).toEqual([]);
    vi.advanceTimersByTime(499);
    expect(said()).toHaveLength(2);
    vi.advanceTimersByTime(2);
    expect(said()).toEqual(['silent', 'flows', 'silent']);
    // It comes and goes: what is over within a second is not told.
    for (let i = 0; i < 10; i += 1) {
      send(5, 40);
      vi.advanceTimersByTime(600);
    }
    expect(said().length).toBeLessThanOrEqual(3 + 8);
    send(50, 40);
    vi.advanceTimersByTime(0);
    expect(said().at(-1)).toBe('flows');
    expect(new Set(claims.map(({ sinceMs }) => sinceMs)).size).toBe(1);
    const [silences, flows] = ['publisher silent', 'publisher sends again'].map((msg) => log.of(msg).length);
    expect([silences, flows]).toEqual([flows, silences]);
  });

  it('tells once of a publisher that takes long to send anything, and claims nothing more for it', () => {
    const { desk, claims, log } = deskOf(true, 'backup', 60_000);
    const answer = desk.publish(sessionOf());
    const sweep = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 500) {
        vi.advanceTimersByTime(500);
        desk.endIdle(performance.now());
      }
    };
    sweep(4500);
    expect(log.of('publisher silent')).toEqual([]);
    sweep(10_000);
    expect(log.of('publisher silent')).toMatchObject([{ key: KEY_S, hasSent: false }]);
    expect(claims.every(({ silent }) => silent === true)).toBe(true);
    if (answer.accepted) answer.feed.push(KEY(0));
    vi.advanceTimersByTime(0);
    expect(log.of('publisher sends again')).toHaveLength(1);
    expect(claims.at(-1)?.silent).toBeUndefined();
  });

  it('tells who asks of a publisher that came and one that went', () => {
    const { desk, changes } = deskOf();
    const answer = desk.publish(sessionOf());
    expect([changes, desk.count]).toEqual([[KEY_S], 1]);
    expect(desk.publish(sessionOf()).accepted).toBe(false);
    expect(changes).toEqual([KEY_S]);
    if (answer.accepted) answer.feed.end();
    expect([changes, desk.count]).toEqual([[KEY_S, KEY_S], 0]);
  });

  it('logs who came, who went and why, and who was refused', () => {
    const { desk, log } = deskOf();
    const about = { key: KEY_S, id: 'x', client: '1.2.3.4:5', protocol: 'rtmp', agent: 'test' };
    const answer = desk.publish(sessionOf());
    desk.publish(sessionOf());
    if (answer.accepted) answer.feed.end();
    desk.publish(sessionOf());
    desk.close('all');
    expect(log.lines.map(({ level, msg, fields }) => [level, msg, fields])).toEqual([
      ['info', 'publish accepted', about],
      ['info', 'publish refused', { ...about, reason: 'already-published' }],
      ['info', 'publish ended', { ...about, reason: 'connection-ended' }],
      ['info', 'publish accepted', about],
      ['info', 'publish ended', { ...about, reason: 'stopping' }],
    ]);
  });

  it('knows a publisher by its protocol, address and program', () => {
    const { desk, streams } = deskOf();
    desk.publish({ ...sessionOf(), protocol: 'http-flv', agent: 'program' });
    expect(streams.get(KEY_S)?.source).toMatchObject({
      kind: 'publisher',
      remote: '1.2.3.4:5',
      agent: 'program',
      protocol: 'http-flv',
    });
  });

  it('tells each refusal in words', () => {
    const edge = deskOf(false).desk.publish(sessionOf());
    expect(edge).toMatchObject({ text: expect.stringContaining('publish to an origin') });
    const { desk } = deskOf();
    desk.publish(sessionOf());
    expect(desk.publish(sessionOf())).toMatchObject({ text: expect.stringContaining('use another name') });
    desk.refuse();
    expect(desk.publish(sessionOf('__defaultVhost__/live/t'))).toMatchObject({
      code: 'stopping',
      text: expect.stringContaining('this origin is stopping'),
    });
    const rejecting = deskOf(true, 'reject');
    rejecting.mesh.others = [otherOwner('there', 1)];
    expect(rejecting.desk.publish(sessionOf())).toMatchObject({
      text: expect.stringContaining('publish.policy lets only one'),
    });
  });

  it('keeps who is there when it refuses, and closes them when it is told to', () => {
    const { desk, said } = deskOf();
    const session = sessionOf();
    desk.publish(session);
    desk.refuse();
    expect([session.ends, desk.count]).toEqual([[], 1]);
    desk.close('all');
    expect([session.ends, desk.count, said.at(-1)]).toEqual([['stopping'], 0, `release ${KEY_S}`]);
    expect(said).not.toContain('unsubscribe');
  });

  it('closes who is idle at the limit and not before', () => {
    const { desk } = deskOf();
    const session = sessionOf();
    const answer = desk.publish(session);
    vi.advanceTimersByTime(3000);
    if (answer.accepted) answer.feed.push(AUDIO(0));
    vi.advanceTimersByTime(4999);
    desk.endIdle(performance.now());
    expect(session.ends).toEqual([]);
    vi.advanceTimersByTime(1);
    desk.endIdle(performance.now());
    expect(session.ends).toEqual(['idle']);
  });

  it('says in one claim what a turn of the event loop told, of each stream', () => {
    const { desk, claims } = deskOf();
    const keys = ['__defaultVhost__/live/a', '__defaultVhost__/live/b'];
    for (const key of keys) {
      const answer = desk.publish(sessionOf(key));
      if (!answer.accepted) throw new Error(answer.code);
      for (const frame of [METADATA(), VIDEO_HEADER(), AUDIO_HEADER(), KEY(0)]) answer.feed.push(frame);
    }
    expect(claims.map(({ key, silent }) => [key, silent])).toEqual(keys.map((key) => [key, true]));
    vi.advanceTimersByTime(0);
    expect(claims.map(({ key }) => key)).toEqual([...keys, ...keys]);
    expect(claims.slice(2).map((claim) => 'silent' in claim)).toEqual([false, false]);
  });

  it('claims and releases nothing for who goes on with another origin’s publish and ends before its past is here', () => {
    const { desk, said } = deskOf();
    const answer = desk.publish({ ...sessionOf(), forward: { replaces: 'there' } });
    if (answer.accepted === true) answer.feed.end();
    expect([said, desk.count]).toEqual([[], 0]);
  });

  it('ends who cannot be claimed any more, and nobody else', () => {
    const { desk, claims } = deskOf();
    const faults: unknown[] = [];
    const odd = { ...sessionOf('v/live/odd'), fault: (error: unknown) => faults.push(error) };
    for (const session of [odd, sessionOf()]) {
      const answer = desk.publish(session);
      if (answer.accepted === true) for (const frame of [VIDEO_HEADER(), KEY(0)]) answer.feed.push(frame);
    }
    const error = new Error('odd');
    const push = vi.spyOn(claims, 'push').mockImplementationOnce(() => {
      throw error;
    });
    vi.advanceTimersByTime(0);
    push.mockRestore();
    expect([faults, claims.map(({ key }) => key)]).toEqual([[error], ['v/live/odd', KEY_S, KEY_S]]);
  });

  it('claims nothing for who was taken over in the same turn, and all for who took over', () => {
    const { desk, claims } = deskOf(true, 'takeover');
    for (const _turn of [1, 2]) {
      const answer = desk.publish(sessionOf());
      if (answer.accepted) for (const frame of [VIDEO_HEADER(), KEY(0)]) answer.feed.push(frame);
    }
    vi.advanceTimersByTime(0);
    expect(claims).toHaveLength(3);
    expect(claims[1]?.sinceMs).toBe((claims[0]?.sinceMs ?? 0) + 1);
    expect(claims[2]).toMatchObject({ sinceMs: claims[1]?.sinceMs, media: { video: { codec: 'h264' } } });
  });

  it('stops telling of flow once the publisher is gone', () => {
    const { desk, claims } = deskOf();
    const answer = desk.publish(sessionOf());
    if (!answer.accepted) throw new Error(answer.code);
    answer.feed.push(KEY(0));
    answer.feed.push(KEY(40));
    vi.advanceTimersByTime(700);
    answer.feed.end();
    const before = claims.length;
    vi.advanceTimersByTime(10_000);
    expect(claims).toHaveLength(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('releases everything when it stops, and takes nobody more', () => {
    const { desk, said } = deskOf();
    const session = sessionOf();
    desk.publish(session);
    desk.stop();
    expect(session.ends).toEqual(['stopping']);
    expect(said).toContain('unsubscribe');
    expect(said.at(-1)).toBe(`release ${KEY_S}`);
    expect(desk.publish(sessionOf())).toMatchObject({ accepted: false, code: 'stopping' });
  });
});

function otherOwner(member: string, sinceMs: number, liveness: Owner['liveness'] = 'alive'): Owner {
  const address = { network: 'test', host: '127.0.0.1', rtmpPort: 1, httpPort: 1 };
  const profile = {
    name: member,
    role: 'origin',
    addresses: [address],
    relayAddress: address,
    draining: false,
    program: 'test',
  } as const;
  return { member, profile, liveness, load: NO_LOAD, claim: { key: KEY_S, sinceMs, media: {} } };
}

describe('a stream that another origin publishes', () => {
  it('is taken beside it as a backup', () => {
    const { desk, mesh } = deskOf(true, 'backup');
    mesh.others = [otherOwner('there', 1)];
    const session = sessionOf();
    expect(desk.publish(session).accepted).toBe(true);
    mesh.changed(KEY_S);
    expect(session.ends).toEqual([]);
  });

  it('is refused by `reject` while that one is alive', () => {
    const { desk, mesh, said } = deskOf(true, 'reject');
    mesh.others = [otherOwner('there', 1)];
    expect(desk.publish(sessionOf())).toMatchObject({ accepted: false, code: 'owned-elsewhere' });
    expect(said).toEqual([]);
    mesh.others = [otherOwner('there', 1, 'suspect')];
    expect(desk.publish(sessionOf()).accepted).toBe(true);
  });

  it('is taken over by `takeover`, with a newer claim whatever the clocks, also here', () => {
    const { desk, mesh, claims } = deskOf(true, 'takeover');
    mesh.others = [otherOwner('there', Date.now() + 3_600_000)];
    const first = sessionOf();
    expect(desk.publish(first).accepted).toBe(true);
    expect(claims[0]?.sinceMs).toBe(Date.now() + 3_600_001);
    const second = sessionOf();
    expect(desk.publish(second).accepted).toBe(true);
    expect([first.ends, second.ends, desk.count]).toEqual([['taken-over'], [], 1]);
    expect(claims[1]?.sinceMs).toBe(Date.now() + 3_600_002);
  });

  it.each(['reject', 'takeover'] as const)(
    'ends nobody here by `%s` while that origin is suspect, and does as soon as it is heard of again',
    (policy) => {
      const { desk, mesh, said } = deskOf(true, policy);
      const session = sessionOf();
      desk.publish(session);
      const sinceMs = Date.now() + (policy === 'reject' ? -1 : 1);
      mesh.others = [otherOwner('there', sinceMs, 'suspect')];
      mesh.changed(KEY_S);
      expect([session.ends, said]).toEqual([[], [`claim ${KEY_S}`]]);
      mesh.others = [otherOwner('there', sinceMs)];
      mesh.changed(KEY_S);
      expect(session.ends).toEqual([policy === 'reject' ? 'owned-elsewhere' : 'taken-over']);
    },
  );

  it('is kept by who has it once `takeover` changed hands too often elsewhere', () => {
    const { desk, mesh } = deskOf(true, 'takeover');
    for (let hand = 0; hand <= TAKEOVERS_MAX; hand += 1) {
      mesh.others = [otherOwner('there', Date.now() + hand)];
      mesh.changed(KEY_S);
    }
    const refused = desk.publish(sessionOf());
    expect(refused).toMatchObject({ accepted: false, code: 'contended' });
    expect(!refused.accepted && refused.text).toContain('changed hands too often');
    mesh.others = [];
    expect(desk.publish(sessionOf()).accepted).toBe(true);
  });

  it('may change hands as often as it likes beside a backup', () => {
    const { desk, mesh } = deskOf(true, 'backup');
    mesh.others = [otherOwner('there', 1)];
    for (let hand = 0; hand <= 2 * TAKEOVERS_MAX; hand += 1) {
      const answer = desk.publish(sessionOf());
      expect(answer.accepted).toBe(true);
      if (answer.accepted) answer.feed.end();
      vi.advanceTimersByTime(1);
    }
  });

  it.each([
    ['reject', -1, null],
    ['reject', 1, 'owned-elsewhere'],
    ['takeover', -1, 'taken-over'],
    ['takeover', 1, null],
  ] as const)('taken by both at once, `%s` ends ours that began %i ms later: %j', (policy, laterMs, end) => {
    const { desk, mesh, said } = deskOf(true, policy);
    const session = sessionOf();
    desk.publish(session);
    mesh.others = [otherOwner('there', Date.now() - laterMs)];
    mesh.changed(KEY_S);
    expect(session.ends).toEqual(end === null ? [] : [end]);
    expect(said.includes(`release ${KEY_S}`)).toBe(end !== null);
  });
});
