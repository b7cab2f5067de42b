import { expect, it } from 'vitest';
import { PictureFigures } from './picture-figures.js';

const picture = (timestampMs: number, isKeyframe = false) =>
  ({ kind: 'video', isHeader: false, isKeyframe, timestampMs }) as const;

/** Pictures from one time to another, a key frame at each `keyMs`. */
function show(figures: PictureFigures, fromMs: number, toMs: number, stepMs: number, keyMs: number): void {
  for (let at = fromMs; at < toMs; at += stepMs) figures.take(picture(at, (at - fromMs) % keyMs === 0));
}

it('tells the frame rate and how far key frames lie apart', () => {
  const figures = new PictureFigures();
  expect(figures.now).toEqual({});
  show(figures, 1000, 8000, 40, 2000);
  figures.take({ kind: 'audio', isHeader: false, isKeyframe: false, timestampMs: 7001 });
  figures.take({ kind: 'video', isHeader: true, isKeyframe: true, timestampMs: 7002 });
  expect(figures.now).toEqual({ frameRate: 25, keyframeMs: 2000 });
});

it('follows what changes, counts pictures of one time once, and forgets a source that is gone', () => {
  const figures = new PictureFigures();
  show(figures, 0, 5000, 40, 2000);
  for (let at = 5000; at < 12_000; at += 20) {
    figures.take(picture(at, at % 1000 === 0));
    figures.take(picture(at));
  }
  expect(figures.now).toEqual({ frameRate: 50, keyframeMs: 1000 });
  figures.clear();
  expect(figures.now).toEqual({});
});

it('makes nothing of a jump in time', () => {
  const figures = new PictureFigures();
  show(figures, 0, 5000, 40, 2000);
  show(figures, 4_000_000, 4_001_000, 40, 2000);
  show(figures, 100, 1000, 40, 2000);
  expect(figures.now).toEqual({ frameRate: 25, keyframeMs: 2000 });
});
