import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KEY } from '../../testing/frames.js';
import { CLAIM, claim, KEY_S, memberA } from '../../testing/play-member.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what the play desk tells and logs', () => {
  it('logs each route that a play takes once, with where it leads', () => {
    const { b, c, log, plays, play, publish } = memberA();
    const session = play({ remote: '10.1.1.1:7' });
    const { id } = session;
    const about = { key: KEY_S, id, client: '10.1.1.1:7', protocol: 'rtmp', agent: 'memory', mark: 'none' };
    claim(b);
    claim(c);
    b.release(KEY_S);
    publish();
    plays.reconsider(KEY_S);
    expect(log.of('play routed')).toStrictEqual([
      { ...about, route: 'wait', reason: 'not-published' },
      { ...about, route: 'relay', reason: 'client-follows-no-redirects', target: 'b' },
      { ...about, route: 'local', reason: 'published-here' },
    ]);
    expect(session.told).toEqual(['wait']);
    const edge = memberA();
    claim(edge.b);
    const sent = edge.play({ followsRedirect: true, remote: '10.1.1.1:7', via: 'id-of-another' });
    expect(edge.log.of('play routed')).toStrictEqual([
      {
        ...about,
        id: sent.id,
        via: 'id-of-another',
        route: 'redirect',
        reason: 'client-follows-redirects',
        target: 'b 127.0.0.1',
      },
    ]);
  });

  it('logs the end of a play with what was sent', () => {
    const { log, plays, play, publish } = memberA();
    const feed = publish();
    feed.push(KEY(0, 1));
    const session = play({ remote: '10.1.1.1:7' });
    const { sentBytes } = session.queue;
    expect(sentBytes).toBeGreaterThan(0);
    plays.leave(session);
    plays.leave(session);
    expect(log.of('play ended')).toStrictEqual([
      {
        key: KEY_S,
        id: session.id,
        client: '10.1.1.1:7',
        protocol: 'rtmp',
        agent: 'memory',
        bytesOut: sentBytes,
      },
    ]);
  });

  it('tells who is refused why, in words', () => {
    const { b, c, log, plays, play } = memberA();
    const waiting = play({ remote: '10.1.1.1:7' });
    b.claim({ ...CLAIM, key: '__defaultVhost__/live/t' });
    const unreached = play({ key: '__defaultVhost__/live/t' });
    vi.advanceTimersByTime(30_000);
    expect(waiting.texts).toEqual(['nobody published the stream within 30000 ms']);
    expect(unreached.texts).toEqual(['no owner of the stream could be reached within 30000 ms']);
    expect(log.of('player timed out waiting for stream')[0]).toStrictEqual({
      key: KEY_S,
      id: waiting.id,
      client: '10.1.1.1:7',
      reason: 'wait-limit',
    });
    claim(c);
    expect(play({ mark: 'relay' }).texts).toEqual(['the stream is not published on this member']);
    plays.stop();
    expect(play().texts).toEqual(['this member is stopping; play from another one']);
  });
});
