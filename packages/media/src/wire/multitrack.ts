import { fourccAt, type MediaTag, MULTITRACK, MULTITRACK_TYPE } from './media-tag.js';

/** One track's part of a multitrack message. */
export interface TrackPart {
  readonly trackId: number;
  readonly fourcc: string;
  /** Where its bytes begin and end in the message. */
  readonly from: number;
  readonly to: number;
}

const FOURCC_BYTES = 4;
const ID_AND_SIZE_BYTES = 4;

const NO_PARTS: readonly TrackPart[] = [];

/**
 * The tracks of a multitrack message (Enhanced RTMP v2, "Multitrack Streaming via Enhanced RTMP"), as far as they are
 * whole; empty where the message is none. Only one of a track's id is taken.
 */
export function trackParts(payload: Buffer, tag: MediaTag): readonly TrackPart[] {
  const { multitrackType, trackId, fourcc, bodyAt } = tag;
  if (multitrackType === undefined || trackId === undefined || fourcc === undefined) return NO_PARTS;
  if (multitrackType === MULTITRACK_TYPE.oneTrack)
    return [{ trackId, fourcc, from: bodyAt, to: payload.length }];
  const parts = new Map<number, TrackPart>();
  const hasFourccs = multitrackType === MULTITRACK_TYPE.manyTracksManyCodecs;
  let at = bodyAt - ID_AND_SIZE_BYTES - (hasFourccs ? FOURCC_BYTES : 0);
  for (;;) {
    const headAt = at + (hasFourccs ? FOURCC_BYTES : 0);
    const from = headAt + ID_AND_SIZE_BYTES;
    if (from > payload.length) break;
    const to = from + payload.readUIntBE(headAt + 1, 3);
    if (to > payload.length) break;
    const id = payload[headAt] ?? 0;
    if (!parts.has(id))
      parts.set(id, { trackId: id, fourcc: hasFourccs ? fourccAt(payload, at) : fourcc, from, to });
    at = to;
  }
  return [...parts.values()];
}

/**
 * The message with these of its tracks only, at least one. Parcels of ModEx are left out: fractions of a millisecond are
 * all that they tell.
 */
export function withParts(
  kind: 'audio' | 'video',
  payload: Buffer,
  tag: MediaTag,
  parts: readonly TrackPart[],
): Buffer {
  const type = parts.length === 1 ? MULTITRACK_TYPE.oneTrack : (tag.multitrackType ?? 0);
  const first = ((payload[0] ?? 0) & 0xf0) | MULTITRACK[kind];
  const pieces: Buffer[] = [Buffer.of(first, (type << 4) | tag.packetType)];
  if (type !== MULTITRACK_TYPE.manyTracksManyCodecs) pieces.push(latin1(parts[0]?.fourcc ?? ''));
  for (const { trackId, fourcc, from, to } of parts) {
    if (type === MULTITRACK_TYPE.manyTracksManyCodecs) pieces.push(latin1(fourcc));
    pieces.push(type === MULTITRACK_TYPE.oneTrack ? Buffer.of(trackId) : idAndSize(trackId, to - from));
    pieces.push(payload.subarray(from, to));
  }
  return Buffer.concat(pieces);
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

function idAndSize(trackId: number, size: number): Buffer {
  const bytes = Buffer.alloc(ID_AND_SIZE_BYTES);
  bytes[0] = trackId;
  bytes.writeUIntBE(size, 1, 3);
  return bytes;
}
