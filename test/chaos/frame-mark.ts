export type Track = 'video' | 'audio';

/** What a frame says of itself, so that whoever gets it knows which one it is. */
export interface FrameMark {
  /** Which encode it belongs to. */
  readonly encode: string;
  readonly track: Track;
  /** Its place in its track, from 0. */
  readonly number: number;
}

const MARK = /chaos:([\w./-]+):(video|audio):(\d+);/;
/** The mark stands at the front of a frame's payload, behind the headers of FLV and NAL. */
const FRONT_BYTES = 96;

/** In letters: without zero bytes it needs no emulation prevention (H.264 7.4.1). */
export function writeMark({ encode, track, number }: FrameMark, bytes: number): Buffer {
  return Buffer.from(`chaos:${encode}:${track}:${number};`.padEnd(bytes, 'x'));
}

/** Null where the payload carries no mark. */
export function readMark(body: Buffer): FrameMark | null {
  const [, encode, track, number] = MARK.exec(body.toString('latin1', 0, FRONT_BYTES)) ?? [];
  if (encode === undefined || (track !== 'video' && track !== 'audio')) return null;
  return { encode, track, number: Number(number) };
}
