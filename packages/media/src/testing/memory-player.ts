import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { setChunkSize } from '../protocols/rtmp/answers.js';
import type { Player, PlayerEnd, TrackWants, WireFormat } from '../stream/player.js';
import { PIECE_BYTES_MAX, PlayerQueue } from '../stream/player-queue.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { InMessage } from '../wire/rtmp/message.js';

const KINDS: Readonly<Record<number, string>> = { 8: 'audio', 9: 'video', 18: 'data' };

/** A player in memory, and what it got. */
export class MemoryPlayer implements Player {
  readonly id: string;
  readonly protocol = 'rtmp';
  readonly format: WireFormat = 'rtmp';
  readonly queue = new PlayerQueue();
  wants: TrackWants = 'all';
  messageStreamId = 1;
  readonly remote: string = '10.0.0.1:5000';
  readonly agent = 'memory';
  readonly sinceMs = 0;
  /** Whether its kernel has room. */
  isReading = true;
  begun: Tracks | null = null;
  ended: PlayerEnd | null = null;
  readonly got: InMessage[] = [];
  /** What came, piece by piece: the buffers that were in each. */
  readonly pieces: (readonly Buffer[])[] = [];
  readonly #reader = new ChunkReader();

  constructor(id = 'player') {
    this.id = id;
    this.#reader.read(setChunkSize());
    this.queue.carrier = {
      filled: () => {
        while (this.isReading && this.readPiece()) {}
      },
      carryAtOnce: () => false,
    };
  }

  begin(tracks: Tracks): void {
    if (this.begun !== null) throw new Error('begun twice');
    this.begun = tracks;
  }

  /** Takes one piece, which its kernel has then to take: `queue.taken`. Returns its bytes. */
  hand(bytesMax: number): number {
    const piece = this.queue.take(bytesMax);
    if (piece.length === 0) return 0;
    if (this.begun === null) throw new Error('sent to before begin');
    this.pieces.push(piece);
    for (const bytes of piece) this.got.push(...this.#reader.read(bytes));
    return piece.reduce((sum, { length }) => sum + length, 0);
  }

  /** Reads one piece of what waits; says whether there was any. */
  readPiece(bytesMax = PIECE_BYTES_MAX): boolean {
    if (this.hand(bytesMax) === 0) return false;
    this.queue.taken();
    return true;
  }

  /** Reads everything, and goes on reading. */
  resume(): void {
    this.isReading = true;
    this.queue.send();
  }

  end(reason: PlayerEnd): void {
    this.ended = reason;
  }

  fault(error: unknown): void {
    throw error;
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
