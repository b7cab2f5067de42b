import type { Frame } from '../wire/frame.js';
import { KeptLog } from './kept-log.js';
import { KeptPacket, MediaPacket } from './packet.js';

const CAPACITY_MIN = 16;
const KINDS = ['audio', 'video', 'data'] as const;
const KIND_BITS = 3;
const IS_HEADER = 4;
const IS_KEYFRAME = 8;
const IS_START = 16;

/**
 * Packets that are kept, oldest first, each at an index that does not change. Their payloads are in a log, the same one for all
 * lists that keep the same packets, whatever their line of time. As there, nothing is made for each packet that would become
 * garbage when it is old. So it is `clear` that ends a list.
 */
export class KeptList {
  readonly #log: KeptLog;
  #first = 0;
  #end = 0;
  #logs: (KeptLog | null)[] = Array.from({ length: CAPACITY_MIN }, () => null);
  #numbers = new Float64Array(CAPACITY_MIN);
  #timestamps = new Uint32Array(CAPACITY_MIN);
  #times = new Float64Array(CAPACITY_MIN);
  #marks = new Uint8Array(CAPACITY_MIN);

  /** `log`: for payloads that nobody keeps yet. */
  constructor(log: KeptLog = new KeptLog()) {
    this.#log = log;
  }

  /** Index of the oldest packet. */
  get first(): number {
    return this.#first;
  }

  /** Index of the next packet. */
  get end(): number {
    return this.#end;
  }

  /** `atMs`: when it came, or was sent. Of what is kept somewhere already the payload is shared. */
  push(frame: Frame, isStart: boolean, atMs: number): void {
    if (this.#end - this.#first === this.#logs.length) this.#grow();
    const isKept = frame instanceof MediaPacket || frame instanceof KeptPacket;
    let log = isKept ? frame.log : null;
    let number = isKept ? frame.number : 0;
    if (log?.hold(number) !== true) {
      log = this.#log;
      number = log.write(frame.payload);
      if (frame instanceof MediaPacket) frame.keptIn(log, number);
    }
    const place = this.#end % this.#logs.length;
    this.#logs[place] = log;
    this.#numbers[place] = number;
    this.#timestamps[place] = frame.timestampMs;
    this.#times[place] = atMs;
    this.#marks[place] =
      KINDS.indexOf(frame.kind) +
      (frame.isHeader ? IS_HEADER : 0) +
      (frame.isKeyframe ? IS_KEYFRAME : 0) +
      (isStart ? IS_START : 0);
    this.#end += 1;
  }

  /** Lets the oldest one go. Does nothing where there is none. */
  dropFirst(): void {
    if (this.#first === this.#end) return;
    const place = this.#first % this.#logs.length;
    this.#logs[place]?.release(this.#numberAt(place));
    this.#logs[place] = null;
    this.#first += 1;
    if (this.#first === this.#end) this.#log.end();
  }

  /** Lets all go. Indices go on. */
  clear(): void {
    while (this.#first < this.#end) this.dropFirst();
  }

  /** A look at the packet at this index. Throws where there is none. */
  at(index: number): KeptPacket {
    const place = index % this.#logs.length;
    const log = this.#logs[place];
    if (log == null || index < this.#first || index >= this.#end)
      throw new RangeError(`no packet is kept at ${index}: there are ${this.#first} to ${this.#end - 1}`);
    const marks = this.#marks[place] ?? 0;
    const frame = {
      kind: this.kind(index),
      timestampMs: this.timestampMs(index),
      isHeader: (marks & IS_HEADER) !== 0,
      isKeyframe: (marks & IS_KEYFRAME) !== 0,
    };
    return new KeptPacket(frame, frame.timestampMs, log, this.#numberAt(place));
  }

  kind(index: number): Frame['kind'] {
    const marks = this.#marks[index % this.#marks.length] ?? 0;
    return KINDS[(marks & KIND_BITS) as 0 | 1 | 2];
  }

  timestampMs(index: number): number {
    return this.#timestamps[index % this.#logs.length] ?? 0;
  }

  atMs(index: number): number {
    return this.#times[index % this.#logs.length] ?? 0;
  }

  isStart(index: number): boolean {
    return ((this.#marks[index % this.#logs.length] ?? 0) & IS_START) !== 0;
  }

  /** Of the payload. */
  bytes(index: number): number {
    const place = index % this.#logs.length;
    return this.#logs[place]?.lengthOf(this.#numberAt(place)) ?? 0;
  }

  /** What is no sound from this index on, in a list of its own. */
  withoutSound(from: number): KeptList {
    const list = new KeptList(this.#log);
    for (let index = from; index < this.#end; index += 1)
      if (this.kind(index) !== 'audio') list.push(this.at(index), this.isStart(index), this.atMs(index));
    return list;
  }

  #numberAt(place: number): number {
    return this.#numbers[place] ?? 0;
  }

  #grow(): void {
    const before = this.#logs.length;
    const [logs, numbers, timestamps, times, marks] = [
      this.#logs,
      this.#numbers,
      this.#timestamps,
      this.#times,
      this.#marks,
    ];
    this.#logs = Array.from({ length: 2 * before }, () => null);
    this.#numbers = new Float64Array(2 * before);
    this.#timestamps = new Uint32Array(2 * before);
    this.#times = new Float64Array(2 * before);
    this.#marks = new Uint8Array(2 * before);
    for (let index = this.#first; index < this.#end; index += 1) {
      const [from, to] = [index % before, index % (2 * before)];
      this.#logs[to] = logs[from] ?? null;
      this.#numbers[to] = numbers[from] ?? 0;
      this.#timestamps[to] = timestamps[from] ?? 0;
      this.#times[to] = times[from] ?? 0;
      this.#marks[to] = marks[from] ?? 0;
    }
  }
}
