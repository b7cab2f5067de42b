import type { Frame } from '../wire/frame.js';
import { headerSlot } from '../wire/make-frame.js';
import { MediaPacket } from './packet.js';

/** Most headers kept of one stream: metadata, and each track's. A source with more loses the oldest. */
const HEADERS_MAX = 16;
/** A header larger than this is passed on, yet not kept for who comes later. */
const HEADER_BYTES_MAX = 262_144;
/** Metadata first, then the codecs' headers. */
const ORDER = { data: 0, video: 1, audio: 2 } as const;

/** The headers that each new player needs first. */
export class HeaderStore {
  readonly #headers = new Map<string, Frame>();

  /** Keeps a header in place of the one it replaces. Says whether pictures from here on need another decoder. */
  keep(frame: Frame): boolean {
    if (frame.payload.length > HEADER_BYTES_MAX) return false;
    const slot = headerSlot(frame);
    const present = this.#headers.get(slot);
    this.#headers.delete(slot);
    this.#headers.set(slot, frame);
    if (this.#headers.size > HEADERS_MAX) this.#dropOldest();
    return frame.kind === 'video' && present !== undefined && !present.payload.equals(frame.payload);
  }

  /** All of them, stamped with the time of what follows. */
  at(timestampMs: number): MediaPacket[] {
    const frames = [...this.#headers.values()].sort((a, b) => ORDER[a.kind] - ORDER[b.kind]);
    return frames.map((frame) => new MediaPacket(frame, isMetadata(frame) ? 0 : timestampMs));
  }

  clear(): void {
    this.#headers.clear();
  }

  #dropOldest(): void {
    for (const oldest of this.#headers.keys()) {
      this.#headers.delete(oldest);
      return;
    }
  }
}

/** Metadata has no time (FLV 10.1 E.4.4.1); ffmpeg takes it for subtitles where it has one. */
export function isMetadata(frame: Frame): boolean {
  return frame.kind === 'data' && frame.isHeader;
}
