import { expect, it } from 'vitest';
import { BOTH_TRACKS, flvHeader } from './flv-header.js';

it.each([
  [BOTH_TRACKS, 5],
  [{ audio: true, video: false }, 4],
  [{ audio: false, video: true }, 1],
  [{ audio: false, video: false }, 0],
])('announces %j, and that no tag came before', (tracks, flags) => {
  expect(flvHeader(tracks)).toEqual(Buffer.from([...Buffer.from('FLV'), 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]));
});
