import type { Claim, Owner, PublishTarget } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { replayEnd } from '../../stream/frame-history.js';
import { AUDIO, AUDIO_HEADER, KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { MemoryStreams, ownerOf } from '../../testing/stream-world.js';
import type { ForwardDesk } from './forward-desk.js';
import { PublishDesk, type PublishRules } from './publish-desk.js';
import type { PublishSession } from './publish-session.js';

const KEY_S = '__defaultVhost__/live/s';

/** What a desk does with the publishers that it does not serve itself. */
class Forwards {
  isEnabled = true;
  count = 0;
  readonly published: string[] = [];
  readonly kicked: string[] = [];
  /** What was done with those that were handed over. */
  readonly handed: string[] = [];
  taken: () => void = () => {};

  publish({ id }: PublishSession) {
    this.published.push(id);
    return { push: () => {}, end: () => {} };
  }

  handOver({ id }: PublishSession, past: readonly object[], onTaken: () => void) {
    this.handed.push(`${id}, ${past.length} frames`);
    this.taken = onTaken;
    return { push: () => this.handed.push('push'), end: () => this.handed.push('end') };
  }

  kick(id: string): boolean {
    this.kicked.push(id);
    return id === 'forwarded';
  }

  *publishers() {
    yield { id: 'forwarded' };
  }

  sweep(): void {}
  close(): void {}
  depart(): void {}
  stop(): void {}
}

function deskOf(rules: Partial<PublishRules> = {}, forwards: Forwards | null = null) {
  const claims: Claim[] = [];
  const events: object[] = [];
  const log = new MemoryLog();
  const { member, profile } = ownerOf('b');
  const address = { network: 'n', host: 'b', rtmpPort: 1935, httpPort: 8080 };
  const target: PublishTarget = { member, profile, address };
  const desk = new PublishDesk(
    {
      streams: new MemoryStreams(),
      forwards: forwards as unknown as ForwardDesk | null,
      host: {
        member: 'here',
        owners: () => [] as Owner[],
        onOwnersChanged: () => () => {},
        claim: (claim) => claims.push(claim),
        release: () => {},
        isDisputed: () => false,
        publishElsewhere: () => target,
        workerOf: () => null,
      },
      log,
      tell: (event) => events.push(event),
      onPublisherChanged: () => {},
    },
    { acceptsPublishers: true, idleMs: 60_000, policy: () => 'backup', ...rules },
  );
  return { desk, claims, events, log };
}

/** A client, and what it was told. */
function clientOf(id: string, more: Partial<PublishSession> = {}) {
  const told: string[] = [];
  const session: PublishSession = {
    id,
    key: KEY_S,
    protocol: 'rtmp',
    remote: '1.2.3.4:5',
    agent: 'test',
    end: (reason) => told.push(`end ${reason}`),
    answered: () => {},
    fault: (error) => told.push(`fault ${error instanceof Error ? error.message : ''}`),
    ...more,
  };
  const reconnecting = { isSecure: false, ask: ({ host }: { host: string }) => told.push(`go to ${host}`) };
  return { session, told, reconnecting: { ...session, reconnecting } };
}

function accepted(desk: PublishDesk, session: PublishSession) {
  const answer = desk.publish(session);
  if (answer.accepted !== true) throw new Error('not accepted');
  return answer.feed;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('who listens to a publish desk', () => {
  it('hears of each publisher that began, ended or was refused, and why', () => {
    const { desk, events } = deskOf();
    const about = { id: 'x', key: KEY_S, client: '1.2.3.4:5', protocol: 'rtmp' };
    const feed = accepted(desk, clientOf('x').session);
    desk.publish(clientOf('y').session);
    feed.end();
    feed.end();
    expect(events).toEqual([
      { kind: 'publish-started', ...about },
      { kind: 'publish-refused', ...about, id: 'y', reason: 'already-published' },
      { kind: 'publish-ended', ...about, reason: 'connection-ended' },
    ]);
  });
});

describe('a publisher that an operator closes', () => {
  it('is the one with that id alone', () => {
    const { desk } = deskOf();
    const [a, b] = [clientOf('a', { key: 'v/live/a' }), clientOf('b', { key: 'v/live/b' })];
    for (const { session } of [a, b]) desk.publish(session);
    expect([desk.kick('b'), desk.kick('c')]).toEqual([true, false]);
    expect([a.told, b.told, desk.count]).toEqual([[], ['end kicked'], 1]);
    expect([...desk.publishers()].map(({ id }) => id)).toEqual(['a']);
    expect(desk.forwardCount).toBe(0);
  });

  it('may be one that is forwarded', () => {
    const forwards = new Forwards();
    const { desk } = deskOf({}, forwards);
    desk.publish(clientOf('a').session);
    expect([desk.kick('forwarded'), desk.kick('c'), desk.kick('a')]).toEqual([true, false, true]);
    expect(forwards.kicked).toEqual(['forwarded', 'c']);
    expect([...desk.publishers()].map(({ id }) => id)).toEqual(['forwarded']);
  });

  it('is handed over to nobody any more', () => {
    const forwards = new Forwards();
    const { desk } = deskOf({}, forwards);
    const feed = accepted(desk, clientOf('a').session);
    for (const frame of [VIDEO_HEADER(), KEY(0)]) feed.push(frame);
    desk.refuse(true);
    desk.close('others');
    feed.push(KEY(40));
    desk.kick('a');
    expect(forwards.handed).toEqual(['a, 2 frames', 'push', 'end']);
  });
});

describe('where a publisher goes', () => {
  it('is here, to an origin, or away, by whether this member drains and forwards', () => {
    const forwards = new Forwards();
    const { desk } = deskOf({}, forwards);
    let streams = 0;
    const answers = (more: Partial<PublishSession> = {}) => {
      streams += 1;
      const answer = desk.publish(clientOf(`s${streams}`, { key: `v/live/s${streams}`, ...more }).session);
      return answer.accepted === false ? answer.code : answer.accepted;
    };
    expect(answers()).toBe(true);
    desk.refuse();
    expect(answers()).toBe('stopping');
    desk.refuse(true);
    expect([answers(), forwards.published]).toEqual(['later', ['s3']]);
    // It was forwarded to here: another member's to move.
    expect(answers({ forward: { replaces: null } })).toBe('stopping');
    forwards.isEnabled = false;
    expect(answers()).toBe('stopping');
    forwards.isEnabled = true;
    desk.accept();
    expect([answers(), forwards.published]).toEqual([true, ['s3']]);
  });

  it('is nowhere where its address publishes too often, be it forwarded or not', () => {
    const forwards = new Forwards();
    const { desk } = deskOf({ acceptsPublishers: false, publishesPerAddressPerMinute: 1 }, forwards);
    expect(desk.publish(clientOf('a').session)).toMatchObject({ accepted: 'later' });
    expect(desk.publish(clientOf('b').session)).toMatchObject({ accepted: false, code: 'publish-rate' });
    expect(forwards.published).toEqual(['a']);
  });

  it('is told to who comes while this member drains, and to nobody else who is refused', () => {
    const { desk } = deskOf();
    const [first, second, late] = [clientOf('a'), clientOf('b'), clientOf('c', { key: 'v/live/c' })];
    desk.publish(first.session);
    desk.publish(second.reconnecting);
    desk.refuse();
    desk.publish(late.reconnecting);
    expect([first.told, second.told, late.told]).toEqual([[], [], ['go to b']]);
  });
});

describe('a publisher that was asked to reconnect', () => {
  it.each([
    ['its next sound, where it has no pictures', [AUDIO_HEADER(), AUDIO(0)], ['go to b', 'end reconnecting']],
    ['no sound, where it has pictures', [VIDEO_HEADER(), KEY(0), AUDIO_HEADER(), AUDIO(10)], ['go to b']],
  ])('is closed at %s', (_name, frames, expected) => {
    const { desk } = deskOf();
    const client = clientOf('a');
    const feed = accepted(desk, client.reconnecting);
    for (const frame of frames) feed.push(frame);
    desk.askToReconnect();
    desk.close('others');
    feed.push(AUDIO(40));
    expect(client.told).toEqual(expected);
  });
});

describe('what is claimed', () => {
  it('tells of a track that comes later', () => {
    const { desk, claims } = deskOf();
    const feed = accepted(desk, clientOf('a').session);
    feed.push(VIDEO_HEADER());
    const pictures = (count: number) => {
      for (let i = 0; i < count; i += 1) {
        feed.push(KEY(i * 40));
        vi.advanceTimersByTime(40);
      }
    };
    pictures(50);
    const before = claims.length;
    expect(claims.at(-1)?.media).toMatchObject({ video: { codec: 'h264' } });
    expect(claims.at(-1)?.media.audio).toBeUndefined();
    for (const frame of [AUDIO_HEADER(), AUDIO(2000)]) feed.push(frame);
    pictures(10);
    expect(claims.length).toBeGreaterThan(before);
    expect(claims.at(-1)?.media).toMatchObject({ video: { codec: 'h264' }, audio: { codec: 'aac' } });
  });

  it('is claimed of a publish that goes on with another origin’s once its past is here', () => {
    const { desk, claims } = deskOf();
    const feed = accepted(desk, clientOf('a', { forward: { replaces: 'there' } }).session);
    for (const frame of [VIDEO_HEADER(), KEY(0), KEY(40)]) feed.push(frame);
    vi.advanceTimersByTime(0);
    expect(claims).toEqual([]);
    feed.push(replayEnd());
    expect(claims).toHaveLength(1);
  });

  it('is by who took a stream over, whose end alone ends it', () => {
    const { desk, log } = deskOf({ policy: () => 'takeover' });
    const old = accepted(desk, clientOf('old').session);
    const next = accepted(desk, clientOf('next').session);
    old.end();
    expect([desk.count, [...desk.publishers()].map(({ id }) => id)]).toEqual([1, ['next']]);
    next.end();
    expect(log.of('publish ended')).toMatchObject([
      { id: 'old', reason: 'taken-over' },
      { id: 'next', reason: 'connection-ended' },
    ]);
  });

  it('ends for another worker only where it is published here', () => {
    const { desk } = deskOf();
    const { session, told } = clientOf('a');
    desk.publish(session);
    desk.endOne('v/live/other', Number.POSITIVE_INFINITY, 'taken-over');
    expect([told, desk.count]).toEqual([[], 1]);
  });
});

describe('a publisher that sends nothing', () => {
  it('is told of after 5 s', () => {
    const { desk, log } = deskOf();
    desk.publish(clientOf('a').session);
    for (const ms of [4999, 1]) {
      expect(log.of('publisher silent')).toEqual([]);
      vi.advanceTimersByTime(ms);
      desk.endIdle(performance.now());
    }
    expect(log.of('publisher silent')).toHaveLength(1);
  });
});

describe('a fault', () => {
  it('in what is told of a publisher’s silence is that publisher’s', () => {
    const { desk, log } = deskOf();
    const { session, told } = clientOf('a');
    const feed = accepted(desk, session);
    for (const frame of [VIDEO_HEADER(), KEY(0), KEY(40)]) feed.push(frame);
    vi.spyOn(log, 'warn').mockImplementation(() => {
      throw new Error('planted');
    });
    vi.advanceTimersByTime(10_000);
    expect(told).toEqual(['fault planted']);
  });

  it('in a client’s end ends no other one', () => {
    const { desk } = deskOf();
    const end = (): never => {
      throw new Error('planted');
    };
    const [odd, other] = [clientOf('odd', { key: 'v/live/odd', end }), clientOf('other')];
    for (const { session } of [odd, other]) desk.publish(session);
    desk.stop();
    expect([odd.told, other.told, desk.count]).toEqual([['fault planted'], ['end stopping'], 0]);
  });
});
