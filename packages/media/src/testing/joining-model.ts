import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { setChunkSize } from '../protocols/rtmp/answers.js';
import type { Player, PlayerEnd, TrackWants, WireFormat } from '../stream/player.js';
import { PIECE_BYTES_MIN, PlayerQueue } from '../stream/player-queue.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { encodeAmf0 } from '../wire/rtmp/amf0.js';
import { AUDIO_HEADER, METADATA, VIDEO_HEADER } from './frames.js';

/** A clock that restarts nearer than this to where it is may come back, after a pause, to where it was. */
const RESTART_MIN_MS = 30_000;

export type Kind = 'audio' | 'video';

/** What a model's frame says of itself. */
export interface Told {
  readonly kind: Kind;
  readonly configuration: number;
  readonly number: number;
  readonly captureMs: number;
  readonly isKeyframe: boolean;
}

/** Frames carry which configuration they are of, which they are, and when they were captured. */
function mediaFrame(
  timestampMs: number,
  { kind, configuration, number, captureMs, isKeyframe }: Told,
): Frame {
  const body = Buffer.alloc(9 + (isKeyframe ? 600 : 60));
  body.writeUInt8(configuration, 0);
  body.writeUInt32BE(number, 1);
  body.writeUInt32BE(captureMs, 5);
  if (kind === 'audio') return makeFrame('audio', timestampMs, Buffer.concat([Buffer.of(0xaf, 1), body]));
  const offsetMs = isKeyframe ? 80 : number % 3 === 0 ? 0 : 80;
  const nal = Buffer.from([0, 0, 0, body.length + 1, isKeyframe ? 0x65 : 0x41]);
  nal.writeUInt32BE(body.length + 1);
  const tag = Buffer.of(isKeyframe ? 0x17 : 0x27, 1, 0, 0, offsetMs);
  return makeFrame('video', timestampMs, Buffer.concat([tag, nal, body]));
}

/** Reads it back; a number for the configuration that a header is of; null for all else. */
export function toldBy(type: number, payload: Buffer): Told | number | null {
  const isSequenceHeader = payload[1] === 0;
  if (type === 9) {
    if (isSequenceHeader) return payload.at(-1) ?? 0;
    if (payload.length < 20 || (payload[0] !== 0x17 && payload[0] !== 0x27)) return null;
    return readTold('video', payload.subarray(10), payload[0] === 0x17);
  }
  if (type !== 8) return null;
  return isSequenceHeader ? (payload.at(4) ?? 0) : readTold('audio', payload.subarray(2), true);
}

const readTold = (kind: Kind, body: Buffer, isKeyframe: boolean): Told => ({
  kind,
  configuration: body.readUInt8(0),
  number: body.readUInt32BE(1),
  captureMs: body.readUInt32BE(5),
  isKeyframe,
});

/** What an encoder does at a moment, beside its frames. */
export type Turn =
  | { readonly kind: 'off' | 'on'; readonly track: Kind }
  | { readonly kind: 'configuration'; readonly track: Kind | 'both'; readonly isAmidGop: boolean }
  | { readonly kind: 'headers-again' | 'empty-headers' | 'command' | 'data' | 'restart' | 'metadata' }
  | { readonly kind: 'pause'; readonly ms: number };

export interface EncoderSettings {
  readonly firstMs: number;
  readonly stepsMs: { readonly audio: number; readonly video: number };
  /** Between keyframes; null: none after the first. */
  readonly gopMs: number | null;
  readonly hasFirstKeyframe: boolean;
  readonly announces: Tracks | null;
  readonly begins: { readonly audio: boolean; readonly video: boolean };
}

/** An encoder of one AVC and one AAC track. */
export class ModelEncoder {
  readonly sent: Told[] = [];
  /** When its clock restarted. */
  readonly restartsMs: number[] = [];
  readonly #isOn: Record<Kind, boolean>;
  readonly #configuration: Record<Kind, number> = { audio: 1, video: 1 };
  readonly #settings: EncoderSettings;
  /** What its clock shows at the capture time 0. */
  #clockMs: number;
  readonly #next: Record<Kind, number> = { audio: 0, video: 0 };
  readonly #numbers: Record<Kind, number> = { audio: 0, video: 0 };
  #keyframeAt: number;
  #silentUntil = 0;

  constructor(settings: EncoderSettings) {
    this.#settings = settings;
    this.#clockMs = settings.firstMs;
    this.#isOn = { ...settings.begins };
    this.#keyframeAt = settings.hasFirstKeyframe ? 0 : Number.POSITIVE_INFINITY;
    if (!settings.hasFirstKeyframe && settings.gopMs !== null) this.#keyframeAt = settings.gopMs;
  }

  /** Before any frame. */
  get opening(): Frame[] {
    const { announces, begins } = this.#settings;
    const frames: Frame[] = [];
    if (announces !== null) frames.push(this.#metadata(announces));
    if (begins.video) frames.push(VIDEO_HEADER(1));
    if (begins.audio) frames.push(AUDIO_HEADER(1));
    return frames;
  }

  turn(turn: Turn, nowMs: number): Frame[] {
    switch (turn.kind) {
      case 'off':
        this.#isOn[turn.track] = false;
        return [];
      case 'on':
        if (this.#isOn[turn.track]) return [];
        this.#isOn[turn.track] = true;
        if (turn.track === 'video' && this.#settings.gopMs !== null) this.#keyframeAt = nowMs;
        this.#next[turn.track] = nowMs;
        return [this.#header(turn.track)];
      case 'configuration': {
        const tracks: Kind[] = turn.track === 'both' ? ['video', 'audio'] : [turn.track];
        for (const track of tracks) this.#configuration[track] += 1;
        if (tracks.includes('video') && !turn.isAmidGop) this.#keyframeAt = nowMs;
        return tracks.map((track) => this.#header(track));
      }
      case 'headers-again':
        return [this.#header('video'), this.#header('audio')];
      case 'empty-headers':
        return [
          makeFrame('video', 0, Buffer.of(0x17, 0, 0, 0, 0)),
          makeFrame('audio', 0, Buffer.of(0xaf, 0)),
        ];
      case 'command':
        return [makeFrame('video', 0, Buffer.of(0x57, 0, 0, 0, 0, 0))];
      case 'data':
        return [makeFrame('data', 0, encodeAmf0('onTextData', { text: 'x' }))];
      case 'metadata':
        return [this.#metadata({ audio: true, video: true })];
      case 'restart':
        // To nearly where it is, it would be a wobble.
        if (this.#isNearZero(nowMs)) return [];
        this.#clockMs = -nowMs;
        this.restartsMs.push(nowMs);
        return [];
      case 'pause':
        this.#silentUntil = Math.max(this.#silentUntil, nowMs + turn.ms);
        return [];
    }
  }

  /** What it sends by now. */
  frames(nowMs: number): Frame[] {
    const frames: Frame[] = [];
    for (const kind of ['video', 'audio'] as const) {
      while (this.#next[kind] <= nowMs) {
        const captureMs = this.#next[kind];
        this.#next[kind] += this.#settings.stepsMs[kind];
        if (!this.#isOn[kind] || captureMs < this.#silentUntil) continue;
        frames.push(this.#frame(kind, captureMs));
      }
    }
    return frames;
  }

  /** By the clock of now, or by that of a track's last frame. */
  #isNearZero(nowMs: number): boolean {
    const last = (['audio', 'video'] as const).map(
      (kind) => this.sent.findLast((one) => one.kind === kind)?.captureMs ?? nowMs,
    );
    return [nowMs, ...last].some((captureMs) =>
      [2 ** 24, 2 ** 32].some((wrap) => {
        const clock = (this.#clockMs + captureMs + wrap) % wrap;
        return clock < RESTART_MIN_MS || wrap - clock < RESTART_MIN_MS;
      }),
    );
  }

  #frame(kind: Kind, captureMs: number): Frame {
    const isKeyframe = kind === 'audio' || captureMs >= this.#keyframeAt;
    if (kind === 'video' && isKeyframe)
      this.#keyframeAt = captureMs + (this.#settings.gopMs ?? Number.POSITIVE_INFINITY);
    const told: Told = {
      kind,
      configuration: this.#configuration[kind],
      number: this.#numbers[kind],
      captureMs,
      isKeyframe,
    };
    this.#numbers[kind] += 1;
    this.sent.push(told);
    return mediaFrame((captureMs + this.#clockMs) >>> 0, told);
  }

  #header(track: Kind): Frame {
    const id = this.#configuration[track];
    return track === 'video' ? VIDEO_HEADER(id) : AUDIO_HEADER(id);
  }

  #metadata({ audio, video }: Tracks): Frame {
    return METADATA({ ...(video ? { videocodecid: 7 } : {}), ...(audio ? { audiocodecid: 10 } : {}) });
  }
}

/** One thing that a player got. */
export interface Got {
  readonly timestampMs: number;
  readonly told: Told | number;
  readonly kind: Kind;
  /** When it was read, ms. */
  readonly atMs: number;
}

/** A player of any format, and what it read. */
export class ModelPlayer implements Player {
  readonly id: string;
  readonly protocol = 'rtmp';
  readonly format: WireFormat;
  readonly queue = new PlayerQueue();
  readonly remote = '10.0.0.1:5000';
  readonly agent = 'model';
  readonly sinceMs = 0;
  wants: TrackWants = 'all';
  joinedAtMs = 0;
  begunAtMs: number | null = null;
  begun: Tracks | null = null;
  ended: PlayerEnd | null = null;
  readonly got: Got[] = [];
  /** Bytes that it may read at once. */
  budget = Number.POSITIVE_INFINITY;
  nowMs = 0;
  /** What waited when it had joined. */
  openingBytes = 0;
  readonly #reader = new ChunkReader();
  #ws = Buffer.alloc(0);
  #tags = Buffer.alloc(0);

  constructor(id: string, format: WireFormat) {
    this.id = id;
    this.format = format;
    this.#reader.read(setChunkSize());
    this.queue.carrier = { filled: () => this.read(), carryAtOnce: () => false };
  }

  begin(tracks: Tracks): void {
    if (this.begun !== null) throw new Error('begun twice');
    this.begun = tracks;
    this.begunAtMs = this.nowMs;
  }

  end(reason: PlayerEnd): void {
    this.ended = reason;
  }

  fault(error: unknown): void {
    throw error;
  }

  read(): void {
    while (this.budget > 0 && this.ended === null) {
      const piece = this.queue.take(Math.min(PIECE_BYTES_MIN, this.budget));
      if (piece.length === 0) return;
      if (this.begun === null) throw new Error('sent to before begin');
      for (const bytes of piece) {
        this.budget -= bytes.length;
        this.#parse(bytes);
      }
      this.queue.taken();
    }
  }

  #parse(bytes: Buffer): void {
    if (this.format === 'rtmp') {
      for (const { type, timestampMs, payload } of this.#reader.read(bytes))
        this.#message(type, timestampMs, payload);
      return;
    }
    if (this.format === 'ws-flv') this.#unframe(bytes);
    else this.#tags = Buffer.concat([this.#tags, bytes]);
    while (this.#tags.length >= 11) {
      const size = this.#tags.readUIntBE(1, 3);
      if (this.#tags.length < size + 15) return;
      const timestampMs = (this.#tags.readUIntBE(4, 3) | (this.#tags.readUInt8(7) << 24)) >>> 0;
      if (this.#tags.readUInt32BE(size + 11) !== size + 11) throw new Error('wrong size of the tag before');
      this.#message(this.#tags.readUInt8(0), timestampMs, Buffer.from(this.#tags.subarray(11, 11 + size)));
      this.#tags = this.#tags.subarray(size + 15);
    }
  }

  #unframe(bytes: Buffer): void {
    this.#ws = Buffer.concat([this.#ws, bytes]);
    for (;;) {
      if (this.#ws.length < 2) return;
      const short = this.#ws.readUInt8(1);
      const headBytes = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (this.#ws.length < headBytes) return;
      const size =
        short === 127
          ? Number(this.#ws.readBigUInt64BE(2))
          : short === 126
            ? this.#ws.readUInt16BE(2)
            : short;
      if (this.#ws.length < headBytes + size) return;
      this.#tags = Buffer.concat([this.#tags, this.#ws.subarray(headBytes, headBytes + size)]);
      this.#ws = this.#ws.subarray(headBytes + size);
    }
  }

  #message(type: number, timestampMs: number, payload: Buffer): void {
    const told = toldBy(type, payload);
    if (told === null) return;
    this.got.push({ timestampMs, told, kind: type === 9 ? 'video' : 'audio', atMs: this.nowMs });
  }
}
