import { encodeAmf } from '@headwater/testing/amf0';
import type { Random } from '@headwater/testing/random';
import { awkward32 } from './awkward.js';
import { flvTag } from './sample-stream.js';

const TAGS_MAX = 20;
/** FLV 10.1, E.4.3.1 and E.4.2.1; Enhanced RTMP v2's packet types behind 0x80 and 0x90. */
const VIDEO_STARTS = [
  '1700',
  '1701',
  '2701',
  '1702',
  '1c00',
  '1c01',
  '90',
  '91',
  'a1',
  '92',
  '93',
  '94',
  '96',
  '97',
  '9f',
  '5700',
];
const AUDIO_STARTS = ['af00', 'af01', '2f', '90', '91', '92', '94', '95', '97', '9f'];
const FOURCCS = ['hvc1', 'av01', 'vp09', 'avc1', 'Opus', 'fLaC', 'ac-3', 'mp4a', '....'];

/** A video (9) or audio (8) message, some of it as codecs have it. */
export function mediaPayload(random: Random, type: number): Buffer {
  const start = Buffer.from(random.oneOf(type === 9 ? VIDEO_STARTS : AUDIO_STARTS), 'hex');
  const code = random.chance(0.7) ? Buffer.from(random.oneOf(FOURCCS)) : Buffer.alloc(0);
  const body = random.bytes(random.below(random.chance(0.9) ? 120 : 3000));
  const bytes = Buffer.concat([start, code, body]);
  return random.chance(0.9) ? bytes : bytes.subarray(0, random.below(8));
}

/** FLV, write by write: header and tags, with what may be wrong in them. */
export function flvFromGrammar(random: Random): Buffer[] {
  const header = Buffer.from('464c5601050000000900000000', 'hex');
  if (random.chance(0.1)) header[random.below(header.length)] = random.below(256);
  const writes: Buffer[] = [header];
  for (let i = random.below(TAGS_MAX); i >= 0; i -= 1) {
    const type = random.oneOf([8, 9, 9, 18, 18, 8, 9, 9, 0, 15, 0x29, 255]);
    const payload =
      type === 18 ? encodeAmf('onMetaData', { width: awkward32(random), x: [] }) : mediaPayload(random, type);
    const length = random.chance(0.95) ? payload.length : awkward32(random);
    const tag = flvTag(type, awkward32(random), payload, length);
    writes.push(random.chance(0.95) ? tag : tag.subarray(0, random.below(tag.length)));
  }
  return writes;
}
