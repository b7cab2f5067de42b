import type { MediaInfo } from '@headwater/directory';

/**
 * Adobe FLV 10.1, E.2: signature, version 1, which tracks to expect, and the size 0 of the tag before the first. Where
 * nothing is known both are announced, since players wait for what is announced but ignore what is not.
 */
export function flvHeader(media: MediaInfo): Buffer {
  const isUnknown = media.audio === undefined && media.video === undefined;
  const audio = isUnknown || media.audio !== undefined ? 4 : 0;
  const video = isUnknown || media.video !== undefined ? 1 : 0;
  return Buffer.from([0x46, 0x4c, 0x56, 1, audio | video, 0, 0, 0, 9, 0, 0, 0, 0]);
}
