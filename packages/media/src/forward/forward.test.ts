import { beforeEach, describe, expect, it } from 'vitest';
import { isReplayEnd } from '../stream/frame-history.js';
import { AUDIO, AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { mediaOptions } from '../testing/media-options.js';
import type { Frame } from '../wire/frame.js';
import { Forward, type ForwardParts } from './forward.js';
import type { LinkEnd, LinkEvents } from './link.js';

const KEY_S = '__defaultVhost__/live/s';
const LOST_MS = 3000;
const RETRY_MS = 500;

interface TestLink {
  readonly to: string;
  readonly replaces: string | null;
  readonly events: LinkEvents;
  readonly pushed: Frame[];
  isClosed: boolean;
}

let timers: ManualTimers;
let links: TestLink[];
let told: string[];
/** Origins there are, best first. */
let origins: string[];
let forward: Forward;

function made(more: Partial<ForwardParts> = {}): Forward {
  const { relay, play } = mediaOptions('e');
  const stream = {
    ...relay,
    lagMs: 1000,
    mergeMs: 0,
    queueMs: 1000,
    queueBytesMax: play.queueBytesMax,
    stuckMs: play.stuckMs,
    gopCacheBytesMax: play.gopCacheBytesMax,
  };
  return new Forward(
    {
      key: KEY_S,
      about: { kind: 'publisher', remote: 'r', agent: 'a', protocol: 'rtmp' },
      limits: { keepMs: 5000, keepBytesMax: 1e6, lostMs: LOST_MS, retryMs: RETRY_MS, stream },
      timers,
      open: (to, _key, replaces, events) => {
        const link: TestLink = { to, replaces, events, pushed: [], isClosed: false };
        links.push(link);
        return {
          push: (frame) => link.pushed.push(frame),
          close: () => {
            link.isClosed = true;
          },
        };
      },
      target: (avoid) => {
        const name = origins.find((origin) => !avoid.has(origin));
        if (name === undefined) return null;
        const address = { network: 'n', host: name, rtmpPort: 1, httpPort: 1 };
        const profile = { addresses: [address], relayAddress: address, draining: false, program: 't' };
        return { member: name, profile: { name, role: 'origin', ...profile } };
      },
      replaces: null,
      ...more,
    },
    {
      forwarded: ({ to, from, reason, framesSent }) =>
        told.push(`${from ?? '-'} > ${to} ${reason} ${framesSent}`),
      refused: ({ code }) => told.push(`refused ${code}`),
      ended: (reason) => told.push(`ended ${reason}`),
      failed: (origin, end, wasTaken) => told.push(`${wasTaken ? 'lost' : 'failed'} ${origin} ${end.code}`),
    },
  );
}

const link = (index: number): TestLink => {
  const found = links.at(index);
  if (found === undefined) throw new Error(`no link ${index}`);
  return found;
};
const said = (reason: string): LinkEnd => ({ code: 'refused', text: reason, reason });
const GONE: LinkEnd = { code: 'closed-by-server', text: 'gone' };
/** The numbers of pictures that a link got; a header is `h`. */
const pictures = ({ pushed }: TestLink) =>
  pushed.filter(({ kind }) => kind === 'video').map(({ isHeader, payload }) => (isHeader ? 'h' : payload[5]));

let last = 0;
/** Pictures of 25 a second, a keyframe each 10. */
function send(count: number): void {
  for (const end = last + count; last < end; last += 1) {
    timers.pass(40);
    forward.push(last % 10 === 0 ? KEY(last * 40, last) : INTER(last * 40, last));
  }
}

beforeEach(() => {
  timers = new ManualTimers();
  links = [];
  told = [];
  origins = ['a', 'b', 'c', 'd'];
  last = 0;
  forward = made();
  forward.push(VIDEO_HEADER());
});

/** It is given up that long from now, ms, and not before. */
function expectEndAfter(ms: number): void {
  timers.pass(ms - 1);
  expect(told.at(-1)).toBe('lost a closed-by-server');
  timers.pass(1);
  expect(told.at(-1)).toBe('ended no-origin');
}

describe('a forward that no origin has taken yet', () => {
  it('gives the one that takes it all that came meanwhile, headers first', () => {
    forward.start();
    send(3);
    link(0).events.accepted();
    send(1);
    expect(told).toEqual(['- > a started 3']);
    expect(pictures(link(0))).toEqual(['h', 0, 1, 2, 3]);
    expect(link(0).replaces).toBeNull();
  });

  it('begins with a frame that can be decoded', () => {
    forward.push(INTER(0, 99));
    forward.start();
    link(0).events.accepted();
    forward.push(INTER(10, 98));
    send(2);
    expect(pictures(link(0))).toEqual(['h', 0, 1]);
  });

  it('asks another where one does not take it, three at most, and tells the last words', () => {
    forward.start();
    link(0).events.ended(GONE);
    link(1).events.ended(said('stopping'));
    link(2).events.ended(said('already-published'));
    expect(links.map(({ to }) => to)).toEqual(['a', 'b', 'c']);
    expect(told.at(-1)).toBe('refused already-published');
  });

  it.each(['owned-elsewhere', 'contended'])('asks nobody else where one says %s', (reason) => {
    forward.start();
    link(0).events.ended(said(reason));
    expect([links.length, told.at(-1)]).toEqual([1, `refused ${reason}`]);
  });

  it('is refused where there is no origin', () => {
    origins = [];
    forward.start();
    expect(told).toEqual(['refused no-origin']);
    expect(timers.pending).toBe(0);
  });

  it('is over where the publisher goes: nobody hears of it', () => {
    forward.start();
    forward.end();
    link(0).events.accepted();
    link(0).events.ended(GONE);
    expect([told, link(0).isClosed, timers.pending]).toEqual([[], true, 0]);
  });
});

describe('a forward that an origin has', () => {
  beforeEach(() => {
    forward.start();
    link(0).events.accepted();
    send(25);
  });

  it('goes to another one with its last seconds when that is lost, in its place', () => {
    link(0).events.ended(GONE);
    send(2);
    expect(link(1)).toMatchObject({ to: 'b', replaces: 'a' });
    link(1).events.accepted();
    send(1);
    expect(told).toEqual(['- > a started 0', 'lost a closed-by-server', 'a > b closed-by-server 27']);
    expect(pictures(link(1))).toEqual(['h', ...Array.from({ length: 28 }, (_, id) => id)]);
  });

  it('moves on without a gap when it drains: the old one is left once the new one has it', () => {
    forward.setDraining(true);
    forward.setDraining(true);
    send(1);
    expect([links.length, link(0).isClosed, pictures(link(0)).at(-1)]).toEqual([2, false, 25]);
    link(1).events.accepted();
    expect([link(0).isClosed, told.at(-1)]).toEqual([false, 'a > b draining 26']);
    // Both get it until relays elsewhere have moved.
    send(2);
    expect([pictures(link(0)).at(-1), pictures(link(1)).at(-1)]).toEqual([27, 27]);
    timers.pass(1000);
    send(1);
    expect([link(0).isClosed, pictures(link(0)).at(-1)]).toEqual([true, 27]);
    link(0).events.ended(GONE);
    expect([told.length, timers.pending]).toEqual([2, 0]);
  });

  it('moves on when it hangs, and stays where it gives signs of life again before that', () => {
    origins = ['a'];
    link(0).events.stalled(true);
    link(0).events.stalled(false);
    origins = ['a', 'b'];
    timers.pass(10 * RETRY_MS);
    expect([links.length, timers.pending]).toEqual([1, 0]);
    link(0).events.stalled(true);
    link(1).events.accepted();
    expect(told.slice(1)).toEqual(['lost a stuck', 'lost a stuck', 'a > b stalled 25']);
  });

  it('is not kept for ever where it hangs and there is no other', () => {
    origins = ['a'];
    link(0).events.stalled(true);
    timers.pass(LOST_MS);
    expect([told.at(-1), link(0).isClosed, timers.pending]).toEqual(['ended no-origin', true, 0]);
  });

  it('is given up as long after it began to hang as after it was lost, not later', () => {
    origins = ['a'];
    link(0).events.stalled(true);
    timers.pass(LOST_MS - RETRY_MS);
    link(0).events.ended(GONE);
    expect(told.at(-1)).toBe('lost a closed-by-server');
    timers.pass(RETRY_MS);
    // The origin that it lost is asked once more meanwhile.
    link(-1).events.ended(GONE);
    timers.pass(RETRY_MS);
    expect(told.at(-1)).toBe('ended no-origin');
  });

  it('is not given up before', () => {
    origins = [];
    link(0).events.ended(GONE);
    expectEndAfter(LOST_MS);
  });

  it('is left for one reason only, and that is over when it is', () => {
    origins = ['a'];
    link(0).events.stalled(true);
    // That it stays does not say that it lives.
    forward.setDraining(false);
    origins = ['a', 'b'];
    timers.pass(RETRY_MS);
    expect(links).toHaveLength(2);
    link(1).events.accepted();
    expect(told.at(-1)).toBe('a > b stalled 25');
    origins = ['b'];
    forward.setDraining(true);
    // Nor does a sign of life say that it stays.
    link(1).events.stalled(false);
    origins = ['b', 'c'];
    timers.pass(RETRY_MS);
    expect(links).toHaveLength(3);
  });

  it('does not mind who hangs of those that have it not', () => {
    forward.setDraining(true);
    link(1).events.stalled(true);
    link(1).events.accepted();
    link(0).events.stalled(true);
    expect(told.slice(1)).toEqual(['a > b draining 25']);
  });

  it('marks the end of the past for who goes on with it, and for nobody else', () => {
    const marks = (at: TestLink) => at.pushed.filter(isReplayEnd).length;
    link(0).events.ended(GONE);
    link(1).events.accepted();
    expect([marks(link(0)), marks(link(1)), isReplayEnd(link(1).pushed.at(-1) as Frame)]).toEqual([
      0,
      1,
      true,
    ]);
    send(1);
    expect(marks(link(1))).toBe(1);
  });

  it('says where it is, what is in it, and what came, until it is over', () => {
    expect([forward.origin?.name, forward.hasVideo]).toEqual(['a', true]);
    const { bytesIn } = forward;
    expect(bytesIn).toBe(VIDEO_HEADER().payload.length + 25 * KEY(0, 0).payload.length);
    link(0).events.ended(GONE);
    expect(forward.origin).toBeNull();
    forward.end();
    send(1);
    expect(forward.bytesIn).toBe(bytesIn);
    const sound = made();
    sound.push(AUDIO(0, 1));
    expect(sound.hasVideo).toBe(false);
  });

  it('is not ended by who is left, whatever that says', () => {
    forward.setDraining(true);
    link(0).events.ended(said('taken-over'));
    link(1).events.accepted();
    expect(told).toEqual(['- > a started 0', 'lost a refused', 'a > b taken-over 25']);
  });

  it('looks for another one as long as it drains, and no longer', () => {
    origins = ['a'];
    forward.setDraining(true);
    timers.pass(10 * LOST_MS);
    expect([links.length, told.length]).toEqual([1, 1]);
    origins = ['a', 'b'];
    timers.pass(RETRY_MS);
    expect(links.length).toBe(2);
    link(1).events.ended(said('stopping'));
    forward.setDraining(false);
    timers.pass(10 * RETRY_MS);
    expect(links.length).toBe(2);
    expect(timers.pending).toBe(0);
  });

  it.each(['taken-over', 'owned-elsewhere', 'kicked', 'idle'])('ends where it says %s', (reason) => {
    link(0).events.ended(said(reason));
    expect([links.length, told.at(-1)]).toEqual([1, `ended ${reason}`]);
    expect(timers.pending).toBe(0);
  });

  it('tries all there are again and again while none has it, the lost one too, and gives up in time', () => {
    origins = ['a', 'b'];
    link(0).events.ended(GONE);
    link(1).events.ended(GONE);
    timers.pass(RETRY_MS);
    expect(links.map(({ to }) => to)).toEqual(['a', 'b', 'a']);
    link(2).events.ended(GONE);
    link(3).events.ended(GONE);
    origins = [];
    timers.pass(LOST_MS);
    expect(told.at(-1)).toBe('ended no-origin');
    expect(timers.pending).toBe(0);
  });

  it('gives nothing from before a change of the codec', () => {
    forward.push(VIDEO_HEADER(7));
    send(5);
    forward.push(AUDIO(0, 1));
    link(0).events.ended(GONE);
    link(1).events.accepted();
    send(6);
    expect(pictures(link(1))[1]).toBe(30);
  });

  it('goes on where a configuration changes, with the new header before the first frame of it', () => {
    const audio = () =>
      link(0)
        .pushed.filter(({ kind }) => kind === 'audio')
        .map(({ payload }) => payload.at(-1));
    send(4);
    for (const id of [1, 2])
      for (const frame of [AUDIO_HEADER(id), AUDIO(last * 40, id)]) forward.push(frame);
    const before = last;
    send(2);
    forward.push(VIDEO_HEADER(7));
    send(2);
    expect(audio()).toEqual([1, 1, 2, 2]);
    expect(pictures(link(0)).slice(-5)).toEqual([before, before + 1, 'h', before + 2, before + 3]);
  });

  it('says where it is, what came and whether that has pictures', () => {
    const sound = made();
    sound.push(AUDIO_HEADER());
    sound.push(AUDIO(0));
    expect([sound.hasVideo, sound.origin]).toEqual([false, null]);
    expect(sound.bytesIn).toBe(AUDIO_HEADER().payload.length + AUDIO(0).payload.length);
    expect([forward.hasVideo, forward.origin?.name]).toEqual([true, 'a']);
    const bytes = forward.bytesIn;
    forward.end();
    forward.push(KEY(5000));
    expect([forward.origin, forward.bytesIn]).toEqual([null, bytes]);
  });

  it('is marked where its past ends for the next origin, which waits for that, and not for the first', () => {
    const marks = ({ pushed }: TestLink) => pushed.flatMap((frame, at) => (isReplayEnd(frame) ? [at] : []));
    expect(marks(link(0))).toEqual([]);
    link(0).events.ended(GONE);
    link(1).events.accepted();
    // Behind the header and all that is kept.
    expect(marks(link(1))).toEqual([26]);
  });

  it('leaves one that hangs, whether it drains as well or not', () => {
    link(0).events.stalled(true);
    // That it stays is no sign of life.
    forward.setDraining(true);
    forward.setDraining(false);
    link(1).events.ended(GONE);
    expect(links.map(({ to }) => to)).toEqual(['a', 'b', 'c']);
    link(2).events.accepted();
    expect(told.at(-1)).toBe('a > c stalled 25');
  });

  it('leaves one that drains, though it was heard to hang no more', () => {
    forward.setDraining(true);
    link(0).events.stalled(false);
    link(1).events.ended(GONE);
    expect(links.map(({ to }) => to)).toEqual(['a', 'b', 'c']);
  });

  it('stays where it is when its origin drains no more, whatever another one says then', () => {
    forward.setDraining(true);
    forward.setDraining(false);
    link(1).events.ended(GONE);
    expect(links.map(({ to }) => to)).toEqual(['a', 'b']);
    expect(timers.pending).toBe(0);
  });

  it('hears nothing of how those are that have it no more', () => {
    forward.setDraining(true);
    link(1).events.accepted();
    const before = told.length;
    link(0).events.stalled(true);
    expect([told.length, links.length]).toEqual([before, 2]);
    link(0).events.ended(GONE);
    // It ended by itself: there is nothing to be closed later.
    expect([told.length, timers.pending, link(0).isClosed]).toEqual([before, 0, true]);
    send(1);
    expect(pictures(link(0)).at(-1)).toBe(24);
  });

  it('drains towards nobody while no origin has it', () => {
    origins = [];
    link(0).events.ended(GONE);
    const before = timers.pending;
    forward.setDraining(true);
    expect([links.length, timers.pending]).toEqual([1, before]);
    origins = ['b'];
    timers.pass(RETRY_MS);
    link(1).events.accepted();
    expect(told.at(-1)).toBe('a > b closed-by-server 25');
  });

  it('is kept for so long from when it hung, not from when it then ended', () => {
    origins = ['a'];
    link(0).events.stalled(true);
    timers.pass(LOST_MS - 2 * RETRY_MS);
    origins = [];
    link(0).events.ended(GONE);
    expectEndAfter(2 * RETRY_MS);
  });

  it('is kept for so long from when it was lost', () => {
    origins = [];
    timers.pass(10 * LOST_MS);
    link(0).events.ended(GONE);
    expectEndAfter(LOST_MS);
  });

  it('is closed at the one that it just left as well when the publisher goes', () => {
    forward.setDraining(true);
    link(1).events.accepted();
    forward.end();
    expect(links.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect(timers.pending).toBe(0);
  });

  it('is closed everywhere when the publisher goes', () => {
    forward.setDraining(true);
    forward.end();
    forward.end();
    expect(links.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect(timers.pending).toBe(0);
  });
});

describe('a forward of what this member publishes', () => {
  it('takes its place, and is sought for while it drains', () => {
    origins = [];
    forward = made({ replaces: { member: 'self', name: 'me' } });
    forward.start();
    timers.pass(RETRY_MS);
    origins = ['a'];
    timers.pass(RETRY_MS);
    expect(link(0)).toMatchObject({ to: 'a', replaces: 'self' });
    link(0).events.accepted();
    expect(told).toEqual(['me > a draining 0']);
  });

  it('is not told refused where there is none, but ended', () => {
    origins = [];
    forward = made({ replaces: { member: 'self', name: 'me' } });
    forward.start();
    timers.pass(LOST_MS);
    expect(told).toEqual(['ended no-origin']);
  });
});
