import { beforeEach, describe, expect, it } from 'vitest';
import { metadataValues, readMetadata } from '../wire/metadata.js';
import { type AmfValue, encodeAmf0 } from '../wire/rtmp/amf0.js';
import { type MetadataContext, SourceMetadata } from './source-metadata.js';

const message = (entries: Record<string, AmfValue>): Buffer => encodeAmf0('onMetaData', entries);
/** A message without entries. */
const UNREADABLE = encodeAmf0('onMetaData');
const NOTHING_KNOWN: MetadataContext = { media: {}, videoCodec: null, audioCodec: null, tracks: null };

let metadata: SourceMetadata;

beforeEach(() => {
  metadata = new SourceMetadata();
});

/** What players are told; null where it is nothing. */
function told(context: Partial<MetadataContext> = {}): Record<string, unknown> | null {
  const frame = metadata.frame({ ...NOTHING_KNOWN, ...context });
  if (frame === null) return null;
  expect(frame).toMatchObject({ kind: 'data', timestampMs: 0, isHeader: true, isKeyframe: false });
  const read = readMetadata(frame.payload);
  return read && { ...metadataValues(read) };
}

describe('SourceMetadata', () => {
  it('takes a message once, however often it is repeated', () => {
    expect(metadata.take(message({ width: 640 }))).toBe(true);
    expect(metadata.take(message({ width: 640 }))).toBe(false);
    expect(metadata.take(message({ width: 320 }))).toBe(true);
    expect(told()).toMatchObject({ width: 320 });
    expect(metadata.take(message({ width: 640 }))).toBe(true);
    expect(told()).toMatchObject({ width: 640 });
  });

  it('keeps no more than 64 KiB to compare with', () => {
    const sized = (bytes: number): Buffer => {
      const payload = Buffer.alloc(bytes);
      message({ width: 640 }).copy(payload);
      return payload;
    };
    expect([metadata.take(sized(65_537)), metadata.take(sized(65_537))]).toEqual([true, true]);
    expect([metadata.take(sized(65_536)), metadata.take(sized(65_536))]).toEqual([true, false]);
  });

  it('keeps what it has when one comes that cannot be read, and takes such a one first', () => {
    expect(told()).toBeNull();
    expect(metadata.take(UNREADABLE)).toBe(true);
    expect(metadata.take(Buffer.of(9))).toBe(false);
    expect([metadata.announced, told()]).toEqual([null, null]);
    expect(told({ videoCodec: 7 })).toMatchObject({ videocodecid: 7 });
    metadata.take(message({ width: 640 }));
    expect(metadata.take(UNREADABLE)).toBe(false);
    expect(told()).toMatchObject({ width: 640 });
  });

  it('tells nothing of a source that sent none', () => {
    expect(told({ videoCodec: 7, audioCodec: 10 })).toBeNull();
  });

  it('says which tracks were announced', () => {
    expect(metadata.announced).toBeNull();
    metadata.take(message({ videocodecid: 7 }));
    expect(metadata.announced).toEqual({ audio: false, video: true });
    metadata.take(message({ encoder: 'x' }));
    expect(metadata.announced).toBeNull();
  });

  it('puts in what is known', () => {
    metadata.take(message({ width: 1, encoder: 'x' }));
    const media = {
      video: { codec: 'h264', width: 640, height: 360 },
      audio: { codec: 'aac', sampleRateHz: 48_000, channels: 1 },
    };
    expect(told({ media, videoCodec: 7, audioCodec: 10 })).toEqual({
      encoder: 'x',
      width: 640,
      height: 360,
      videocodecid: 7,
      audiocodecid: 10,
      audiosamplerate: 48_000,
      audiochannels: 1,
      stereo: false,
    });
  });

  it('writes codecs as FLV’s number or the fourcc as a number, and none that is no word', () => {
    metadata.take(message({ encoder: 'x' }));
    expect(told({ videoCodec: 'hvc1', audioCodec: 'Opus' })).toMatchObject({
      videocodecid: 0x68766331,
      audiocodecid: 0x4f707573,
    });
    // Sound whose tag has rate and channels: A-law.
    expect(told({ videoCodec: 2, audioCodec: 0x172 })).toMatchObject({ videocodecid: 2, audiocodecid: 7 });
    expect(told({ audioCodec: 0x1f2 })).toMatchObject({ audiocodecid: 15 });
    expect(told({ videoCodec: 'a\u0000bc', audioCodec: 'abcde' })).toEqual({ encoder: 'x' });
  });

  it('says nothing of a track that is not there', () => {
    metadata.take(message({ encoder: 'x', width: 640, videocodecid: 7, audiocodecid: 10, stereo: true }));
    const codecs = { videoCodec: 7, audioCodec: 10 };
    const sound = told({ ...codecs, tracks: { audio: true, video: false } });
    expect([sound?.width, sound?.videocodecid, sound?.audiocodecid]).toEqual([undefined, undefined, 10]);
    const pictures = told({ ...codecs, tracks: { audio: false, video: true } });
    expect([pictures?.stereo, pictures?.audiocodecid, pictures?.videocodecid]).toEqual([
      undefined,
      undefined,
      7,
    ]);
    const both = told({ ...codecs, tracks: { audio: true, video: true } });
    expect([both?.videocodecid, both?.audiocodecid]).toEqual([7, 10]);
  });

  it('is the very same frame until something else is known', () => {
    metadata.take(message({ encoder: 'x' }));
    const context: MetadataContext = { ...NOTHING_KNOWN, tracks: { audio: true, video: true } };
    const first = metadata.frame(context);
    expect(metadata.frame({ ...context, tracks: { audio: true, video: true } })).toBe(first);
    const others: Partial<MetadataContext>[] = [
      { media: { video: { codec: 'h264' } } },
      { videoCodec: 7 },
      { audioCodec: 10 },
      { tracks: { audio: false, video: true } },
      { tracks: { audio: true, video: false } },
      { tracks: null },
    ];
    for (const other of others) {
      const before = metadata.frame(context);
      expect(metadata.frame({ ...context, ...other }), JSON.stringify(other)).not.toBe(before);
    }
    const last = metadata.frame(context);
    metadata.take(message({ encoder: 'y' }));
    expect(metadata.frame(context)).not.toBe(last);
  });
});
