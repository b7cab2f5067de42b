import { describe, expect, it } from 'vitest';
import { clearedData, isMedia, isSequenceEnd, makeFrame, SET_DATA_FRAME } from './make-frame.js';
import { encodeAmf0 } from './rtmp/amf0.js';

const fourcc = (first: number, code: string) =>
  Buffer.concat([Buffer.of(first), Buffer.from(code), Buffer.alloc(8)]);

describe('makeFrame', () => {
  it.each([
    ['AVC header', 'video', Buffer.from('1700000000', 'hex'), true, false],
    ['AVC keyframe', 'video', Buffer.from('1701000000', 'hex'), false, true],
    ['AVC inter frame', 'video', Buffer.from('2701000000', 'hex'), false, false],
    ['AVC end of sequence', 'video', Buffer.from('1702000000', 'hex'), false, false],
    ['H.263 keyframe', 'video', Buffer.from('1200', 'hex'), false, true],
    ['HEVC of before fourccs, header', 'video', Buffer.from('1c00', 'hex'), true, false],
    ['HEVC header', 'video', fourcc(0x90, 'hvc1'), true, false],
    ['HEVC keyframe', 'video', fourcc(0x91, 'hvc1'), false, true],
    ['HEVC keyframe without composition time', 'video', fourcc(0x93, 'hvc1'), false, true],
    ['HEVC inter frame', 'video', fourcc(0xa1, 'hvc1'), false, false],
    ['HEVC end of sequence', 'video', fourcc(0x92, 'hvc1'), false, false],
    ['AV1 header', 'video', fourcc(0x90, 'av01'), true, false],
    ['VP9 keyframe', 'video', fourcc(0x91, 'vp09'), false, true],
    ['HDR metadata', 'video', fourcc(0x94, 'hvc1'), true, false],
    ['AAC header', 'audio', Buffer.from('af001210', 'hex'), true, false],
    ['AAC frame', 'audio', Buffer.from('af0121', 'hex'), false, false],
    ['MP3 frame', 'audio', Buffer.from('2f00', 'hex'), false, false],
    ['Opus header', 'audio', fourcc(0x90, 'Opus'), true, false],
    ['Opus frame', 'audio', fourcc(0x91, 'Opus'), false, false],
    ['FLAC header', 'audio', fourcc(0x90, 'fLaC'), true, false],
    ['AC-3 frame', 'audio', fourcc(0x91, 'ac-3'), false, false],
    ['unknown codec', 'video', Buffer.from('2f', 'hex'), false, false],
    ['empty video', 'video', Buffer.alloc(0), false, false],
    ['empty audio', 'audio', Buffer.alloc(0), false, false],
    ['other data', 'data', encodeAmf0('onTextData', {}), false, false],
    ['metadata', 'data', encodeAmf0('onMetaData', {}), true, false],
  ] as const)('%s', (_name, kind, payload, isHeader, isKeyframe) => {
    expect(makeFrame(kind, 1, payload)).toMatchObject({ isHeader, isKeyframe, timestampMs: 1, payload });
  });

  it('unwraps metadata', () => {
    const frame = makeFrame('data', 0, encodeAmf0('@setDataFrame', 'onMetaData', { width: 1 }));
    expect(frame).toMatchObject({ isHeader: true, payload: encodeAmf0('onMetaData', { width: 1 }) });
  });
});

describe('makeFrame of wrapped data', () => {
  it('unwraps it however often it is wrapped', () => {
    const metadata = encodeAmf0('onMetaData', { width: 1 });
    for (const times of [0, 1, 2, 3]) {
      const wrappers = Array.from({ length: times }, () => SET_DATA_FRAME);
      const frame = makeFrame('data', 0, Buffer.concat([...wrappers, metadata]));
      expect(frame).toMatchObject({ isHeader: true, payload: metadata });
    }
    expect(makeFrame('data', 0, SET_DATA_FRAME)).toMatchObject({ isHeader: false, payload: Buffer.alloc(0) });
  });
});

describe('clearedData', () => {
  it.each([
    ['metadata', 'data', encodeAmf0('@clearDataFrame', 'onMetaData')],
    ['other', 'data', encodeAmf0('@clearDataFrame', 'onTextData')],
    ['other', 'data', encodeAmf0('@clearDataFrame')],
    [null, 'data', encodeAmf0('onMetaData', {})],
    [null, 'data', encodeAmf0('@clearDataFrames', 'onMetaData')],
    [null, 'audio', encodeAmf0('@clearDataFrame', 'onMetaData')],
  ] as const)('%s of a %s message', (cleared, kind, payload) => {
    expect(clearedData(makeFrame(kind, 0, payload))).toBe(cleared);
  });
});

describe('makeFrame of what is nearly metadata', () => {
  it('takes times for 32 bits', () => {
    expect(makeFrame('audio', -1, Buffer.of(0x2f)).timestampMs).toBe(0xffffffff);
    expect(makeFrame('audio', 2 ** 32 + 5, Buffer.of(0x2f)).timestampMs).toBe(5);
  });

  it('unwraps data messages alone, and those whole', () => {
    const wrapped = encodeAmf0('@setDataFrame', 'onMetaData', {});
    for (const kind of ['audio', 'video'] as const)
      expect(makeFrame(kind, 0, wrapped)).toMatchObject({ payload: wrapped, isHeader: false });
    for (const payload of [SET_DATA_FRAME.subarray(0, -1), encodeAmf0('onMetaDat'), encodeAmf0('onMetaDatx')])
      expect(makeFrame('data', 0, payload)).toMatchObject({ payload, isHeader: false });
    expect(makeFrame('data', 0, encodeAmf0('@setDataFrame', 'onTextData', {}))).toMatchObject({
      payload: encodeAmf0('onTextData', {}),
      isHeader: false,
    });
  });
});

describe('isMedia', () => {
  it.each([
    ['a picture', 'video', '2701000000', '00', true],
    ['a sound', 'audio', 'af01', '00', true],
    ['a configuration', 'video', '1700000000', '00', false],
    ['a configuration of sound', 'audio', 'af00', '1210', false],
    ['a tag of which nothing follows its header', 'video', '2701000000', '', false],
    ['a word to who seeks', 'video', '57', '00', false],
    ['an end', 'audio', 'af02', '00', false],
    // As data, bytes are no picture, whatever they are.
    ['data', 'data', '2701000000', '00', false],
  ] as const)('of %s, %s', (_name, kind, tag, body, isMediaOf) => {
    expect(isMedia(makeFrame(kind, 0, Buffer.from(tag + body, 'hex')))).toBe(isMediaOf);
  });

  it('of metadata', () => {
    expect(isMedia(makeFrame('data', 0, encodeAmf0('onMetaData', {})))).toBe(false);
  });
});

describe('isSequenceEnd', () => {
  it.each([
    ['video', '1702000000', true],
    ['video', '2702000000', true],
    ['video', '1701000000', false],
    ['video', '1700000000', false],
    ['video', '9268766331', true],
    ['audio', 'af02', true],
    ['audio', 'af01', false],
    ['audio', 'af00', false],
    ['data', '1702000000', false],
    ['data', 'af02', false],
  ] as const)('of %s %s is %j', (kind, bytes, isEnd) => {
    expect(isSequenceEnd(makeFrame(kind, 0, Buffer.from(bytes, 'hex')))).toBe(isEnd);
  });
});

describe('isMedia', () => {
  it.each([
    ['a keyframe', 'video', '1701000000aa', true],
    ['another picture', 'video', '2701000000aa', true],
    ['a sound', 'audio', 'af0121', true],
    ['a sound without packet types', 'audio', '2fff', true],
    ["a picture's header", 'video', '1700000000aa', false],
    ["a sound's header", 'audio', 'af001210', false],
    ['a picture of nothing', 'video', '1701000000', false],
    ['a sound of nothing', 'audio', 'af01', false],
    ['an end of the codec’s stream', 'video', '1702000000', false],
    ['a word to who seeks', 'video', '5700', false],
    ['an empty message', 'audio', '', false],
    ['data', 'data', '1701000000aa', false],
  ] as const)('of %s: %s %s', (_name, kind, bytes, expected) => {
    expect(isMedia(makeFrame(kind, 0, Buffer.from(bytes, 'hex')))).toBe(expected);
  });
});
