import type { FlvTag } from '../support/flv-reader.js';
import type { Rule } from './event-log.js';
import { type FrameMark, readMark, type Track } from './frame-mark.js';
import type { MadeEncode } from './made-encode.js';

/** Frames of one encode that did not come though later ones did. */
export interface Gap {
  readonly encode: string;
  readonly track: Track;
  readonly first: number;
  readonly last: number;
  /** When the frames before and after it came. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ConnectionCheckOptions {
  readonly stream: string;
  readonly encodes: ReadonlyMap<string, MadeEncode>;
  /** How far an encode may step back because its copies lag; 0: not at all. */
  readonly repeatMsMax: number;
  /** Whether somebody sends this encode still. */
  readonly isAlive: (encode: string) => boolean;
  readonly report: (rule: Rule, what: string) => void;
  /** A switch to another encode. */
  readonly switched?: (from: string, to: string) => void;
}

/** The two tracks' times, laid on the encoder's, may differ by so much, for longer than a switch of both takes. */
const DRIFT_MS_MAX = 500;
const DRIFT_LASTS_MS = 1000;
/** Times may run ahead of the clock by so much, at a switch say. */
const JUMP_MS_MAX = 5000;
/** Of the sound that belongs to a GOP, some may stand before its keyframe. */
const SOUND_AHEAD_MS = 500;

/** Where a track of a connection is. */
interface Position {
  readonly encode: MadeEncode;
  readonly number: number;
  readonly timestampMs: number;
  readonly atMs: number;
  /** Which of the connection's visits to encodes this is. */
  readonly visit: number;
}

/** Checks all that one player's connection brings, tag by tag, against what was published. Pure. */
export class ConnectionCheck {
  /** To be judged once it is known who sent what. */
  readonly gaps: Gap[] = [];
  frames = 0;
  readonly #options: ConnectionCheckOptions;
  readonly #headers: { [track in Track]?: Buffer } = {};
  readonly #positions: { [track in Track]?: Position } = {};
  /** The highest number of each encode and track. */
  readonly #highest = new Map<string, number>();
  readonly #visits: string[] = [];
  readonly #reported = new Set<string>();
  #driftSinceMs: number | null = null;

  constructor(options: ConnectionCheckOptions) {
    this.#options = options;
  }

  /** The frame of this track that came last. */
  position(track: Track): { readonly encode: string; readonly number: number } | undefined {
    const position = this.#positions[track];
    return position && { encode: position.encode.id, number: position.number };
  }

  /** Returns whether it was media: no header, no data. */
  take({ type, body, timestampMs }: FlvTag, atMs: number): boolean {
    if (type === 18) return false;
    const track: Track = type === 9 ? 'video' : 'audio';
    if (body[1] === 0) {
      this.#headers[track] = body;
      if (![...this.#options.encodes.values()].some((encode) => encode.header(track).equals(body)))
        this.#once('encode', `${track} header ${body.toString('hex')}, which nobody sent`);
      return false;
    }
    const mark = readMark(body);
    const encode = mark === null ? undefined : this.#options.encodes.get(mark.encode);
    if (mark === null || encode === undefined || mark.track !== track) {
      this.#once('encode', `${track} that nobody sent: ${body.toString('hex', 0, 40)}`);
      return true;
    }
    this.frames += 1;
    if (encode.stream !== this.#options.stream)
      this.#once('encode', `${told(mark)} of ${encode.stream}, another stream`);
    this.#checkHeader(encode, mark);
    const before = this.#positions[track];
    if (before !== undefined) this.#checkTime(before, encode, mark, timestampMs, atMs);
    const isSame = before?.encode === encode;
    if (isSame) this.#follow(before, mark, body, atMs);
    else this.#begin(encode, mark, body);
    const visit = isSame ? before.visit : this.#enter(track, encode.id);
    const number = mark.number;
    this.#positions[track] = { encode, number, timestampMs, atMs, visit };
    const key = `${encode.id} ${track}`;
    this.#highest.set(key, Math.max(number, this.#highest.get(key) ?? 0));
    this.#checkOtherTrack(mark, track);
    return true;
  }

  #checkHeader(encode: MadeEncode, mark: FrameMark): void {
    const header = this.#headers[mark.track];
    if (header?.equals(encode.header(mark.track))) return;
    const owner = [...this.#options.encodes.values()].find((each) => header?.equals(each.header(mark.track)));
    const instead =
      header === undefined ? 'without any header' : `under the header of ${owner?.id ?? 'nobody'}`;
    this.#once('encode', `${mark.track} of ${mark.encode} ${instead}`);
  }

  #checkTime(before: Position, encode: MadeEncode, mark: FrameMark, timestampMs: number, atMs: number): void {
    const stepMs = timestampMs - before.timestampMs;
    const step = `${before.timestampMs} to ${timestampMs} ms at ${told(mark)}`;
    if (stepMs < 0) this.#options.report('time', `time goes back from ${step}`);
    const { track, number } = mark;
    // What the encoder itself left out between two frames is no jump: a cached GOP, then what it sends now.
    const isSame = before.encode === encode;
    const ownMs = isSame ? encode.timeOf(track, number) - encode.timeOf(track, before.number) : 0;
    const passedMs = atMs - before.atMs;
    if (stepMs > Math.max(passedMs, ownMs) + JUMP_MS_MAX)
      this.#options.report('time', `time jumps from ${step} within ${Math.round(passedMs)} ms`);
  }

  /** The next frame of the same encode, as far as this track is concerned. */
  #follow(before: Position, mark: FrameMark, body: Buffer, atMs: number): void {
    const { encode, number: last } = before;
    if (mark.number > last + 1) {
      const range = { first: last + 1, last: mark.number - 1 };
      this.gaps.push({ encode: encode.id, track: mark.track, ...range, fromMs: before.atMs, toMs: atMs });
    }
    if (mark.number > last) return;
    const backMs = encode.timeOf(mark.track, last) - encode.timeOf(mark.track, mark.number);
    const back = `${told(mark)} after ${last} (${backMs} ms back)`;
    const { repeatMsMax } = this.#options;
    if (repeatMsMax === 0 || backMs > repeatMsMax) this.#options.report('repeated', back);
    else if (mark.track === 'video' && !isKeyframe(body))
      this.#options.report('encode', `${back}, an inter frame without what it needs`);
  }

  /** The first frame of an encode that this track did not have, or not just before. */
  #begin(encode: MadeEncode, mark: FrameMark, body: Buffer): void {
    const { track, number } = mark;
    if (track === 'video' && !isKeyframe(body))
      this.#options.report('encode', `begins with ${told(mark)}, an inter frame`);
    const highest = this.#highest.get(`${encode.id} ${track}`);
    if (highest === undefined || number > highest) return;
    // Back to an encode that it had before: from the newest keyframe, which it may have had.
    const backMs = encode.timeOf(track, highest) - encode.timeOf(track, number);
    const isNewest = backMs <= encode.gopMs + SOUND_AHEAD_MS + this.#options.repeatMsMax;
    if (isNewest && this.#options.isAlive(encode.id)) return;
    const state = this.#options.isAlive(encode.id) ? 'newer ones are there' : 'nobody sends it now';
    this.#options.report('repeated', `goes back to ${told(mark)} after ${highest}, while ${state}`);
  }

  /** Which visit this is; the other track may be in it already. */
  #enter(track: Track, encode: string): number {
    const own = this.#positions[track]?.visit ?? -1;
    const other = this.#positions[otherThan(track)]?.visit ?? -1;
    if (other > own && this.#visits[other] === encode) return other;
    const from = this.#visits.at(-1);
    if (from !== undefined) this.#options.switched?.(from, encode);
    this.#visits.push(encode);
    return this.#visits.length - 1;
  }

  #checkOtherTrack(mark: FrameMark, track: Track): void {
    const own = this.#positions[track];
    const other = this.#positions[otherThan(track)];
    if (own === undefined || other === undefined) return;
    if (own.visit < other.visit)
      this.#once('encode', `${told(mark)} comes after ${otherThan(track)} went on to ${other.encode.id}`);
    if (own.encode !== other.encode) return;
    this.#checkDrift(own, other, track);
  }

  #checkDrift(own: Position, other: Position, track: Track): void {
    const driftMs = offsetOf(own, track) - offsetOf(other, otherThan(track));
    if (Math.abs(driftMs) <= DRIFT_MS_MAX) {
      this.#driftSinceMs = null;
      return;
    }
    this.#driftSinceMs ??= own.atMs;
    // A track that has not come since is no drift yet.
    if (Math.min(own.atMs, other.atMs) - this.#driftSinceMs < DRIFT_LASTS_MS) return;
    this.#once('time', `${track} is ${driftMs} ms ahead of ${otherThan(track)} in ${own.encode.id}`, 'drift');
  }

  #once(rule: Rule, what: string, key = what.replaceAll(/ \d+/g, ' N')): void {
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.#options.report(rule, what);
  }
}

const otherThan = (track: Track): Track => (track === 'video' ? 'audio' : 'video');
const isKeyframe = (body: Buffer): boolean => (body[0] ?? 0) >> 4 === 1;
const told = ({ encode, track, number }: FrameMark): string => `${track} ${number} of ${encode}`;

/** What was added to the encoder's own time. */
function offsetOf({ encode, number, timestampMs }: Position, track: Track): number {
  return timestampMs - encode.timeOf(track, number);
}
