import type { Frame } from '@headwater/media';
import { encodeAmf } from '@headwater/testing/amf0';

const GOP_FRAMES = 25;
const FRAME_MS = 40;
const KEY_BYTES = 700;
const INTER_BYTES = 150;

/** A small stream: metadata, headers, then pictures and sounds whose content nobody decodes. */
export function sampleFrames(pictures: number, fromMs = 0): Frame[] {
  const frames: Frame[] = [
    frame('data', fromMs, encodeAmf('onMetaData', { width: 64, height: 36, videocodecid: 7 }), {
      isHeader: true,
    }),
    frame('video', fromMs, Buffer.from('17000000000142c00bffe1000467420000', 'hex'), { isHeader: true }),
    frame('audio', fromMs, Buffer.from('af001210', 'hex'), { isHeader: true }),
  ];
  for (let i = 0; i < pictures; i += 1) frames.push(...samplePicture(i, fromMs + i * FRAME_MS));
  return frames;
}

/** One picture and the sound beside it. */
export function samplePicture(index: number, timestampMs: number): Frame[] {
  const isKeyframe = index % GOP_FRAMES === 0;
  const head = Buffer.from(isKeyframe ? '1701000000' : '2701000000', 'hex');
  const body = Buffer.alloc(isKeyframe ? KEY_BYTES : INTER_BYTES, index);
  return [
    frame('video', timestampMs, Buffer.concat([head, body]), { isKeyframe }),
    frame('audio', timestampMs + 5, Buffer.concat([Buffer.from('af01', 'hex'), Buffer.alloc(60, index)])),
  ];
}

/** The same as FLV (Adobe FLV 10.1, E.2 and E.4.1): the header, then each tag. */
export function sampleFlv(pictures: number): Buffer[] {
  const header = Buffer.from('464c5601050000000900000000', 'hex');
  const types = { audio: 8, video: 9, data: 18 } as const;
  return [
    header,
    ...sampleFrames(pictures).map(({ kind, timestampMs, payload }) =>
      flvTag(types[kind], timestampMs, payload),
    ),
  ];
}

/** `length` may lie. */
export function flvTag(type: number, timestampMs: number, payload: Buffer, length = payload.length): Buffer {
  const tag = Buffer.alloc(11 + payload.length + 4);
  tag[0] = type;
  tag.writeUIntBE(length & 0xffffff, 1, 3);
  tag.writeUIntBE(timestampMs & 0xffffff, 4, 3);
  tag[7] = timestampMs >>> 24;
  payload.copy(tag, 11);
  tag.writeUInt32BE((length + 11) >>> 0, 11 + payload.length);
  return tag;
}

function frame(
  kind: Frame['kind'],
  timestampMs: number,
  payload: Buffer,
  is: { readonly isHeader?: boolean; readonly isKeyframe?: boolean } = {},
): Frame {
  return { kind, timestampMs, payload, isHeader: is.isHeader ?? false, isKeyframe: is.isKeyframe ?? false };
}
