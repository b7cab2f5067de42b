import { describe, expect, it } from 'vitest';
import {
  AAC,
  AAC_HEADER,
  ALAW,
  AVC_HEADER,
  audio,
  BOTH_ANNOUNCED,
  data,
  HEVC_HEADER,
  HEVC_KEY,
  hex,
  INTER,
  KEY,
  METADATA,
  OTHER_AVC_HEADER,
  running,
  Source,
} from '../testing/intake-source.js';
import { makeFrame } from '../wire/make-frame.js';
import { amfObject, decodeAmf0, encodeAmf0 } from '../wire/rtmp/amf0.js';

describe('SourceIntake, metadata', () => {
  it('is taken back by its encoder: players are told what is known without it, and nothing of the word itself', () => {
    const source = running();
    const clear = data(1050, '@clearDataFrame', 'onMetaData');
    source.burst(clear);
    expect([source.story, source.metadata]).toEqual([[], null]);
    source.burst(METADATA({ encoder: 'x' }), data(1050, '@clearDataFrame', 'onTextData'));
    expect(source.metadata).toMatchObject({ encoder: 'x' });
    source.burst(clear, INTER(1080));
    expect(source.story).toEqual(['data 0 header', 'data 0 header', 'video 1080']);
    expect(source.metadata).not.toHaveProperty('encoder');
    expect(source.metadata).toMatchObject({ videocodecid: 7, width: 1280 });
    source.burst(METADATA({ encoder: 'x' }));
    expect(source.metadata).toMatchObject({ encoder: 'x' });
  });

  it('is written anew with what is known, for whoever joins', () => {
    const entries = { duration: 0, width: 1, height: 1, encoder: 'x', videocodecid: 7 };
    const source = new Source().burst(METADATA(entries), AVC_HEADER, AAC_HEADER);
    expect(source.got).toHaveLength(1);
    expect(source.metadata).toEqual({ width: 1, height: 1, encoder: 'x', videocodecid: 7 });
    source.burst(KEY(0), AAC(0));
    expect(source.metadata).toEqual({
      encoder: 'x',
      videocodecid: 7,
      width: 1280,
      height: 720,
      audiocodecid: 10,
      audiosamplerate: 44_100,
      audiochannels: 2,
      stereo: true,
    });
  });

  it('tells codecs that have no number by fourcc', () => {
    const source = new Source().burst(METADATA({}), HEVC_HEADER, HEVC_KEY(0), ALAW(0));
    expect(source.metadata).toMatchObject({
      videocodecid: 0x68766331,
      audiocodecid: 7,
      width: 322,
      height: 182,
    });
  });

  it('does not speak of a track that never came', () => {
    const source = new Source().burst(BOTH_ANNOUNCED).live([AAC], 0, 3000);
    expect(source.metadata).toMatchObject({ audiocodecid: 10 });
    expect(source.metadata).not.toHaveProperty('videocodecid');
  });

  it('is not made where the source sends none', () => {
    expect(running().metadata).toBeNull();
  });

  it('that cannot be read is what we know, or nothing', () => {
    const junk = makeFrame('data', 0, Buffer.concat([encodeAmf0('onMetaData'), hex('ffff')]));
    const early = new Source().burst(junk);
    expect(early.story).toEqual([]);
    expect(early.metadata).toBeNull();
    early.burst(AVC_HEADER, KEY(0));
    expect(early.metadata).toEqual({ videocodecid: 7, width: 1280, height: 720 });
    const known = new Source().burst(METADATA({ encoder: 'x' }));
    known.burst(junk);
    expect(known.story).toEqual(['data 0 header']);
    expect(known.metadata).toEqual({ encoder: 'x' });
  });

  it('is left out when it is the same again', () => {
    const source = new Source().burst(BOTH_ANNOUNCED, BOTH_ANNOUNCED, METADATA({ encoder: 'x' }));
    expect(source.story).toEqual(['data 0 header', 'data 0 header']);
  });

  describe('that is not of now any more', () => {
    const size = (source: Source) =>
      source.got.flatMap(({ frame }) => {
        if (frame.kind !== 'data') return [];
        const entries = amfObject(decodeAmf0(frame.payload)[1]);
        return `${entries?.videocodecid} ${entries?.width} ${entries?.encoder}`;
      });
    const told = () => {
      const source = new Source().burst(AVC_HEADER, AAC_HEADER, KEY(0), AAC(0), KEY(40));
      source.burst(METADATA({ encoder: 'x', width: 1280, height: 720 }));
      source.got.length = 0;
      return source;
    };

    it('is told again right before the header of another size, though the encoder tells nothing', () => {
      const source = told().burst(OTHER_AVC_HEADER, KEY(80), KEY(120));
      expect(size(source)).toEqual(['7 1920 x']);
      expect(source.story).toEqual([
        'data 0 header',
        'video 80 header anew',
        'video 80 start',
        'video 120 start',
      ]);
    });

    it('is told again with the size that the encoder told just before the header', () => {
      const source = told().burst(METADATA({ encoder: 'y', width: 1920, height: 1080 }));
      source.burst(OTHER_AVC_HEADER, AAC(60), KEY(80));
      expect(size(source)).toEqual(['7 1280 y', '7 1920 y']);
      const same = told().burst(
        METADATA({ encoder: 'x', width: 1920, height: 1080 }),
        OTHER_AVC_HEADER,
        KEY(80),
      );
      expect(size(same)).toEqual(['7 1920 x']);
    });

    it('is told again with another codec of the sound', () => {
      const source = told().burst(ALAW(60));
      const [first] = source.got;
      expect(first?.frame.kind).toBe('data');
      expect(source.metadata).toMatchObject({ audiocodecid: 7 });
      expect(source.story).toEqual(['data 0 header', 'audio 60 anew']);
    });

    it('is not told again where it tells nothing else, or the encoder sent none', () => {
      const other = audio(0, 'af 00 1208');
      expect(told().burst(KEY(80), AVC_HEADER, KEY(120)).story).toEqual([
        'video 80 start',
        'video 120 start',
      ]);
      const none = running().burst(other, OTHER_AVC_HEADER, KEY(1080), AAC(1080));
      expect(none.story.filter((line) => line.startsWith('data'))).toEqual([]);
    });
  });
});
