import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { STREAM_LIMITS } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { isReplayEnd } from './frame-history.js';
import { type SiblingPull, SiblingPulls } from './sibling-pulls.js';
import { StreamSource } from './stream-source.js';

let pulls: SiblingPulls;
let nowMs: number;

beforeEach(() => {
  pulls = new SiblingPulls();
  nowMs = 10_000;
});

const newPublisher = (): StreamSource =>
  new StreamSource(1, { kind: 'publisher', remote: '', agent: '', protocol: 'rtmp' }, STREAM_LIMITS, nowMs);

/** The publisher sends these, 40 ms apart. */
function send(publisher: StreamSource, ...frames: readonly Frame[]): void {
  for (const frame of frames) {
    for (const taken of publisher.take(frame, nowMs)) pulls.take(taken);
    nowMs += 40;
  }
}

/** What comes, by the numbers of pictures: `h` headers, `mark` the end of a replay, `-` before what is of the past. */
function pullOf(replayMs: number, worker = 2) {
  const told: string[] = [];
  const pull: SiblingPull = {
    worker,
    send: (frame, isPast) => {
      const what = isReplayEnd(frame) ? 'mark' : frame.isHeader ? 'h' : String(frame.payload[5]);
      told.push(isPast ? `-${what}` : what);
    },
    end: () => told.push('end'),
  };
  pulls.add(pull, replayMs, nowMs);
  return { pull, told };
}

describe('SiblingPulls', () => {
  it('gives the newest GOP, then each frame, until it is removed', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    send(publisher, VIDEO_HEADER(), KEY(0, 1), INTER(40, 2), KEY(80, 3), INTER(120, 4));
    const { pull, told } = pullOf(0);
    send(publisher, INTER(160, 5), KEY(200, 6));
    expect(told).toEqual(['-h', '-3', '-4', '5', '6']);
    expect(pulls.workers).toEqual([2]);
    pulls.remove(pull);
    send(publisher, INTER(240, 7));
    expect([told.length, pulls.workers]).toEqual([5, []]);
  });

  it('gives so much of the past as is asked for, and says where the present begins', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    send(publisher, VIDEO_HEADER(), KEY(0, 1), INTER(40, 2), INTER(80, 3), KEY(120, 4), INTER(160, 5));
    const { told } = pullOf(5000);
    send(publisher, INTER(200, 6));
    expect(told).toEqual(['-h', '-1', '-2', '-3', '-4', '-5', '-mark', '6']);
    const short = pullOf(130);
    expect(short.told).toEqual(['-h', '-4', '-5', '-6', '-mark']);
  });

  it('begins at the first start where there is none yet, with the headers', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    send(publisher, VIDEO_HEADER());
    const [plain, replayed] = [pullOf(0), pullOf(5000)];
    send(publisher, INTER(0, 1), KEY(40, 2), INTER(80, 3));
    expect(plain.told).toEqual(['h', '2', '3']);
    expect(replayed.told.filter((what) => what !== '-mark')).toEqual(['h', '2', '3']);
    expect(replayed.told[0]).toBe('-mark');
  });

  it('goes on where the configuration changes, with the new header before the first frame of it', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    send(publisher, VIDEO_HEADER(1), KEY(0, 1));
    const { told } = pullOf(0);
    send(publisher, VIDEO_HEADER(2), INTER(40, 2), KEY(80, 3), INTER(120, 4));
    expect(told.slice(0, 2)).toEqual(['-h', '-1']);
    expect(told.slice(2)).toEqual(['h', '2', '3', '4']);
  });

  it('gives nothing more to a pull that is removed as it gets something, of the past or of the present', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    /** Is removed at the first picture, or header. */
    const failing = (replayMs: number, isHeader: boolean) => {
      const got: Frame[] = [];
      const pull: SiblingPull = {
        worker: 2,
        send: (frame) => {
          got.push(frame);
          if (frame.isHeader === isHeader) pulls.remove(pull);
        },
        end: () => {},
      };
      pulls.add(pull, replayMs, nowMs);
      return got;
    };
    const waiting = failing(0, true);
    send(publisher, VIDEO_HEADER(), KEY(0, 1), INTER(40, 2));
    const past = [failing(5000, false), failing(0, false), failing(5000, true)];
    send(publisher, KEY(80, 3));
    expect(waiting.map(({ isHeader }) => isHeader)).toEqual([true]);
    expect(past.map((got) => got.length)).toEqual([2, 2, 1]);
    expect(pulls.workers).toEqual([]);
  });

  it('ends every pull with the publisher, once, and feeds none where nobody publishes', () => {
    const publisher = newPublisher();
    pulls.begin(publisher);
    send(publisher, VIDEO_HEADER(), KEY(0, 1), AUDIO_HEADER(), AUDIO(10, 1));
    const all = [pullOf(0, 2), pullOf(0, 3)];
    pulls.end(newPublisher());
    expect(pulls.workers).toEqual([2, 3]);
    pulls.end(publisher);
    pulls.end(publisher);
    for (const { told } of all) expect(told.filter((what) => what === 'end')).toHaveLength(1);
    send(publisher, KEY(40, 2));
    expect(all[0]?.told.at(-1)).toBe('end');
    expect(pullOf(0).told).toEqual([]);
    expect(pulls.workers).toEqual([]);
  });
});
