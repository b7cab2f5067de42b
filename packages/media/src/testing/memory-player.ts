import type { MediaInfo } from '@headwater/directory';
import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { setChunkSize } from '../protocols/rtmp/answers.js';
import type { Player, PlayerEnd } from '../stream/player.js';
import type { InMessage } from '../wire/rtmp/message.js';

const KINDS: Readonly<Record<number, string>> = { 8: 'audio', 9: 'video', 18: 'data' };

/** A player in memory, and what it got. */
export class MemoryPlayer implements Player {
  readonly id: string;
  readonly protocol = 'rtmp';
  readonly format = 'rtmp';
  readonly remote: string = '10.0.0.1:5000';
  readonly agent = 'memory';
  readonly sinceMs = 0;
  bytesOut = 0;
  queuedBytes = 0;
  begun: MediaInfo | null = null;
  ended: PlayerEnd | null = null;
  readonly got: InMessage[] = [];
  readonly #reader = new ChunkReader();

  constructor(id = 'player') {
    this.id = id;
    this.#reader.read(setChunkSize());
  }

  begin(media: MediaInfo): void {
    if (this.begun !== null) throw new Error('begun twice');
    this.begun = media;
  }

  write(bytes: Buffer): void {
    if (this.begun === null) throw new Error('written to before begin');
    this.bytesOut += bytes.length;
    this.got.push(...this.#reader.read(bytes));
  }

  end(reason: PlayerEnd): void {
    this.ended = reason;
  }

  /** Each message as `video 40 key 7`: kind, time, what it is and the number that it carries. */
  get story(): string[] {
    return this.got.map(({ type, timestampMs, payload }) => {
      const kind = KINDS[type] ?? `type ${type}`;
      if (type === 18) return `${kind} ${timestampMs}`;
      const what = payload[1] === 0 ? ' header' : type === 9 && payload[0] === 0x17 ? ' key' : '';
      const id =
        type === 9 ? payload.at(payload[1] === 0 ? -1 : 5) : payload[1] === 0 ? payload[4] : payload[2];
      return `${kind} ${timestampMs}${what} #${id}`;
    });
  }
}
