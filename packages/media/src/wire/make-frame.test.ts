import { describe, expect, it } from 'vitest';
import { makeFrame } from './make-frame.js';
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
