import { describe, expect, it } from 'vitest';
import { AVCC_720 } from '../testing/configurations.js';
import {
  AAC,
  AAC_HEADER,
  ALAW,
  AVC_HEADER,
  audio,
  bytesOf,
  HEVC_HEADER,
  HEVC_KEY,
  INTER,
  KEY,
  OTHER_AVC_HEADER,
  running,
  Source,
  video,
} from '../testing/intake-source.js';

describe('SourceIntake, decoder configuration', () => {
  it.each([
    ['a command', '57 00'],
    ['a command of HEVC', '5c 00'],
    ['an enhanced command', 'd1 00'],
    ['an empty header', '17 00 000000'],
    ['a cut header', '17 00 000000 0164001fffe1'],
    ['a header of noise', '17 00 000000 ffffffffffffffff'],
    ['an empty enhanced header', '90 61766331'],
    ['an end', '17 02 000000'],
    ['a cut enhanced tag', '90 6176'],
    ['nothing', ''],
  ])('is not replaced by %s, which goes nowhere', (_name, bytes) => {
    const source = running();
    source.burst(video(1050, bytes), INTER(1080));
    expect(source.story).toEqual(['video 1080']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
  });

  it('starts anew at the header of the track that changed, not at the first header of another', () => {
    const source = new Source().burst(AVC_HEADER, KEY(0), AAC_HEADER, OTHER_AVC_HEADER, INTER(40));
    expect(source.story.slice(2)).toEqual(['audio 40 header', 'video 40 header anew', 'video 40']);
  });

  it.each(['af 00', 'af 00 12', 'af 00 0000', 'af 02'])('of sound is not replaced by %s', (bytes) => {
    const source = running();
    source.burst(audio(1050, bytes), AAC(1046));
    expect(source.story).toEqual(['audio 1046']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
  });

  it('may be one that cannot be understood where there is no better one, until there is', () => {
    const odd = video(0, '17 00 000000 07');
    const source = new Source().burst(odd, KEY(0));
    expect(source.headers()).toEqual(bytesOf(odd));
    source.burst(AVC_HEADER, KEY(40));
    expect(source.story.slice(2)).toEqual(['video 40 header anew', 'video 40 start']);
    source.burst(odd, INTER(80));
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER));
  });

  it('stays as it is when it is sent again', () => {
    const source = running();
    source.burst(AVC_HEADER, AAC_HEADER, INTER(1080), AAC(1046));
    expect(source.story).toEqual(['video 1080', 'audio 1046']);
    source.burst(OTHER_AVC_HEADER, AVC_HEADER, INTER(1120));
    expect(source.story).toEqual(['video 1120']);
  });

  it('counts from the frame that it stands before: until then joiners get the old one', () => {
    const source = running();
    source.burst(OTHER_AVC_HEADER, AAC(1046));
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
    expect(source.intake.media.video).toMatchObject({ height: 720 });
    source.burst(KEY(1080));
    expect(source.headers()).toEqual(bytesOf(OTHER_AVC_HEADER, AAC_HEADER));
    expect(source.intake.media.video).toMatchObject({ height: 1080 });
    expect(source.story).toEqual(['audio 1046', 'video 1080 header anew', 'video 1080 start']);
  });

  it('begins a new start with the next keyframe where it changes amid a GOP', () => {
    const source = running();
    source.burst(OTHER_AVC_HEADER, INTER(1080), AAC(1090), INTER(1120), KEY(1160));
    expect(source.story).toEqual([
      'video 1080 header anew',
      'video 1080',
      'audio 1090',
      'video 1120',
      'video 1160 start',
    ]);
    source.burst(audio(0, 'af 00 1190'), AAC(1180), INTER(1200), KEY(1240));
    expect(source.story).toEqual(['audio 1180 header anew', 'audio 1180', 'video 1200', 'video 1240 start']);
    expect(source.intake.media.audio).toEqual({ codec: 'aac', sampleRateHz: 48_000, channels: 2 });
  });

  it('begins a new start two seconds later where it changes amid a GOP and no keyframe comes', () => {
    const source = running().burst(OTHER_AVC_HEADER).live([INTER, AAC], 1080, 4000);
    expect(source.starts[0]).toBe('video 3080 start');
  });

  it('goes with its codec: AAC, then A-law', () => {
    const source = running();
    source.burst(ALAW(1046), ALAW(1066), KEY(1080));
    expect(source.story).toEqual(['audio 1046 anew', 'audio 1066', 'video 1080 start']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER));
    expect(source.intake.media.audio).toEqual({ codec: 'pcm_alaw', sampleRateHz: 8000, channels: 1 });
    source.burst(AAC_HEADER, AAC(1090));
    expect(source.story).toEqual(['audio 1090 header anew', 'audio 1090']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
    expect(source.intake.media.audio).toMatchObject({ codec: 'aac', sampleRateHz: 44_100 });
  });

  it('changes with rate and channels of sound that has no other configuration', () => {
    const source = new Source().burst(audio(0, '2f ff'), audio(26, '2f ff'), audio(52, '2e ff'));
    expect(source.story).toEqual(['audio 0 start', 'audio 26 start', 'audio 52 start anew']);
    expect(source.intake.media.audio).toMatchObject({ channels: 1 });
  });

  it.each([
    ['AVC to HEVC', AVC_HEADER, KEY, HEVC_HEADER, HEVC_KEY, 'hevc'],
    ['HEVC to AVC', HEVC_HEADER, HEVC_KEY, AVC_HEADER, KEY, 'h264'],
    [
      'AVC by number to AVC by fourcc',
      AVC_HEADER,
      KEY,
      video(0, '90 61766331', AVCC_720),
      (at: number) => video(at, '93 61766331 00000002 6588'),
      'h264',
    ],
  ] as const)('goes from %s', (_name, header, key, nextHeader, nextKey, codec) => {
    const source = new Source().burst(header, key(0), nextHeader);
    expect(source.headers()).toEqual(bytesOf(header));
    source.burst(nextKey(40));
    expect(source.story.slice(2)).toEqual(['video 40 header anew', 'video 40 start']);
    expect(source.headers()).toEqual(bytesOf(nextHeader));
    expect(source.intake.media.video).toMatchObject({ codec });
  });

  it('does not come into force with frames of another codec', () => {
    const source = running();
    source.burst(HEVC_HEADER, INTER(1080));
    expect(source.story).toEqual(['video 1080']);
    expect(source.headers()).toEqual(bytesOf(AVC_HEADER, AAC_HEADER));
  });

  it('takes colour information along, and starts nothing anew for it', () => {
    const colour = video(0, '94 68766331 0a0b');
    const source = new Source().burst(HEVC_HEADER, HEVC_KEY(0), colour, HEVC_KEY(40));
    expect(source.story.slice(2)).toEqual(['video 40 header', 'video 40 start']);
    expect(source.headers()).toEqual(bytesOf(HEVC_HEADER, colour));
  });

  it('is stamped for the joiner', () => {
    const source = running();
    expect(source.intake.headersAt(4711).map(({ timestampMs }) => timestampMs)).toEqual([4711, 4711]);
  });
});
