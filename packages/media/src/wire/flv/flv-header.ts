/** Which tracks a stream has, as far as a player has to know them before the first tag. */
export interface Tracks {
  readonly audio: boolean;
  readonly video: boolean;
}

export const BOTH_TRACKS: Tracks = { audio: true, video: true };

/**
 * Adobe FLV 10.1, E.2: signature, version 1, which tracks to expect, and the size 0 of the tag before the first.
 * Browsers fail where what is announced and what follows differ.
 */
export function flvHeader({ audio, video }: Tracks): Buffer {
  const flags = (audio ? 4 : 0) | (video ? 1 : 0);
  return Buffer.from([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]);
}
