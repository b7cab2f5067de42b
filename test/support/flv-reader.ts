export interface FlvTag {
  /** 8 audio, 9 video, 18 script data (Adobe FLV 10.1, E.4.1). */
  readonly type: number;
  readonly timestampMs: number;
  readonly body: Buffer;
}

const HEADER_BYTES = 9;
const TAG_HEADER_BYTES = 11;
const PREVIOUS_SIZE_BYTES = 4;

/** Takes an FLV file in pieces of any size and gives its tags; throws where the bytes are no FLV. */
export class FlvReader {
  readonly tags: FlvTag[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #hasHeader = false;

  push(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (!this.#hasHeader) {
      if (this.#rest.length < HEADER_BYTES + PREVIOUS_SIZE_BYTES) return;
      if (this.#rest.toString('latin1', 0, 3) !== 'FLV') throw new Error('no FLV header');
      this.#rest = this.#rest.subarray(HEADER_BYTES + PREVIOUS_SIZE_BYTES);
      this.#hasHeader = true;
    }
    while (this.#rest.length >= TAG_HEADER_BYTES) {
      const size = this.#rest.readUIntBE(1, 3);
      const end = TAG_HEADER_BYTES + size;
      if (this.#rest.length < end + PREVIOUS_SIZE_BYTES) return;
      const previous = this.#rest.readUInt32BE(end);
      if (previous !== end) throw new Error(`a tag of ${end} bytes is followed by a size of ${previous}`);
      this.tags.push({
        type: this.#rest.readUInt8(0) & 0x1f,
        timestampMs: (this.#rest.readUInt8(7) << 24) | this.#rest.readUIntBE(4, 3),
        body: this.#rest.subarray(TAG_HEADER_BYTES, end),
      });
      this.#rest = this.#rest.subarray(end + PREVIOUS_SIZE_BYTES);
    }
  }

  /** Pictures, without the codec's headers, and without AVC's mark that they end. */
  get pictures(): readonly FlvTag[] {
    return this.tags.filter((tag) => tag.type === 9 && tag.body[1] !== 0 && !isSequenceEnd(tag));
  }
  get sounds(): readonly FlvTag[] {
    return this.tags.filter((tag) => tag.type === 8 && tag.body[1] !== 0);
  }
}

/** AVCPacketType 2, which files end with (FLV specification 10.1, E.4.3.1). */
export const isSequenceEnd = ({ type, body }: FlvTag): boolean => type === 9 && body[1] === 2;
