import { describe, expect, it } from 'vitest';
import { AUDIO_CODECS, AUDIO_FOURCCS, VIDEO_CODECS, VIDEO_FOURCCS } from './codec-names.js';

/** People and programs read these names in the API, so none of them may change. */
describe('codec names', () => {
  it.each([
    [
      'pictures by number (FLV 10.1 E.4.3.1)',
      VIDEO_CODECS,
      '2 flv1, 3 flashsv, 4 vp6f, 5 vp6a, 6 flashsv2, 7 h264, 12 hevc',
    ],
    [
      'sounds by number (FLV 10.1 E.4.2.1)',
      AUDIO_CODECS,
      '0 pcm_s16le, 1 adpcm_swf, 2 mp3, 3 pcm_s16le, 4 nellymoser, 5 nellymoser, 6 nellymoser, 7 pcm_alaw, 8 pcm_mulaw, 10 aac, 11 speex, 14 mp3',
    ],
    ['pictures by fourcc', VIDEO_FOURCCS, 'avc1 h264, hvc1 hevc, av01 av1, vp09 vp9, vp08 vp8, vvc1 vvc'],
    ['sounds by fourcc', AUDIO_FOURCCS, 'mp4a aac, Opus opus, ac-3 ac3, ec-3 eac3, fLaC flac, .mp3 mp3'],
  ])('of %s are as ffmpeg prints them', (_what, names, text) => {
    expect(names).toEqual(Object.fromEntries(text.split(', ').map((pair) => pair.split(' '))));
  });
});
