import { beforeEach, describe, expect, it } from 'vitest';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { STREAM_LIMITS } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { isReplayEnd } from './frame-history.js';
import { PullsOfSource } from './pulls-of-source.js';
import { StreamSource } from './stream-source.js';

let pulls: PullsOfSource;
let nowMs: number;

beforeEach(() => {
  pulls = new PullsOfSource({ ...STREAM_LIMITS, mergeMs: 1000 }, { bytesOut: 0 });
  nowMs = 10_000;
});

const newPublisher = (id = 1): StreamSource =>
  new StreamSource(id, { kind: 'publisher', remote: '', agent: '', protocol: 'rtmp' }, STREAM_LIMITS, nowMs);

/** The publisher sends these, 40 ms apart. */
function send(publisher: StreamSource, ...frames: readonly Frame[]): void {
  for (const frame of frames) {
    for (const taken of publisher.take(frame, nowMs)) pulls.take(taken);
    nowMs += 40;
  }
}

function pull(replayMs: number, id = 'pull'): MemoryPlayer {
  const player = new MemoryPlayer(id);
  pulls.add(player, replayMs, nowMs);
  return player;
}

/** What came, by the numbers of pictures; `h` for headers, `end` for the end of a replay. */
const told = (player: MemoryPlayer): string[] =>
  player.got.map(({ type, payload, timestampMs }) => {
    if (type === 18)
      return isReplayEnd({ kind: 'data', payload, timestampMs, isHeader: false, isKeyframe: false })
        ? 'end'
        : 'data';
    return payload[1] === 0 ? 'h' : String(payload[5]);
  });

describe('PullsOfSource', () => {
  it('gives each frame at once, from the newest start on', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    send(publisher, VIDEO_HEADER(), KEY(0, 1), INTER(40, 2), KEY(80, 3), INTER(120, 4));
    const player = pull(0);
    expect(told(player)).toEqual(['h', '3', '4']);
    send(publisher, INTER(160, 5));
    expect(told(player)).toEqual(['h', '3', '4', '5']);
    expect([pulls.size, [...pulls.feeds()].length]).toEqual([1, 1]);
    pulls.remove(player);
    send(publisher, INTER(200, 6));
    expect([pulls.size, told(player).length]).toEqual([0, 4]);
  });

  it('says where the present begins also where there is no past: before the first frame', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    const [asking, other] = [pull(5000), pull(0, 'other')];
    expect(told(asking)).toEqual([]);
    send(publisher, VIDEO_HEADER(), INTER(0, 1), KEY(40, 2), INTER(80, 3));
    expect(told(asking)).toEqual(['h', 'end', '2', '3']);
    expect(told(other)).toEqual(['h', '2', '3']);
    pulls.end(publisher);
    pulls.begin(newPublisher(2));
    send(publisher, KEY(120, 4));
    expect(told(asking)).toEqual(['h', 'end', '2', '3', '4']);
  });

  it('gives so much of the past as was asked for, and says where the present begins', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    send(publisher, VIDEO_HEADER(), KEY(0, 1), INTER(40, 2), KEY(80, 3), INTER(120, 4));
    const player = pull(120);
    expect(told(player)).toEqual(['h', '2', '3', '4', 'end']);
    send(publisher, INTER(160, 5));
    expect(told(player).at(-1)).toBe('5');
    // Less than what came since the newest start is no use.
    expect(told(pull(1, 'short'))).toEqual(['h', '3', '4', '5', 'end']);
  });

  it('gives nothing of a publisher that has gone to who comes then, and waits for the next', () => {
    const first = newPublisher();
    pulls.begin(first);
    send(first, VIDEO_HEADER(1), KEY(0, 1));
    const player = pull(0);
    pulls.end(first);
    expect(told(pull(0, 'late'))).toEqual([]);
    const second = newPublisher(2);
    pulls.begin(second);
    // Its end is told late.
    pulls.end(first);
    send(second, VIDEO_HEADER(2), INTER(0, 7), KEY(40, 8));
    expect(told(player)).toEqual(['h', '1', 'h', '8']);
    expect(told(pull(0, 'later'))).toEqual(['h', '8']);
  });

  it('goes on where the configuration changes, with the new header before the first frame of it', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    send(publisher, VIDEO_HEADER(1), KEY(0, 1));
    const player = pull(0);
    send(publisher, VIDEO_HEADER(2), INTER(40, 2));
    expect(told(player)).toEqual(['h', '1', 'h', '2']);
    // Who comes now has no picture to begin with.
    const waiting = pull(0, 'late');
    expect(told(waiting)).toEqual([]);
    send(publisher, KEY(80, 3), INTER(120, 4));
    expect(told(player)).toEqual(['h', '1', 'h', '2', '3', '4']);
    expect(told(waiting)).toEqual(['h', '3', '4']);
  });
});
