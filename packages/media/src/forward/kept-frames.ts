/** What of a frame matters for how long it is kept. */
interface Sized {
  readonly payload: { readonly length: number };
}

export interface KeepLimits {
  /** How far back what is kept begins at the latest, ms, where so much has come. */
  readonly keepMs: number;
  /** Most bytes kept. */
  readonly keepBytesMax: number;
}

/** Frames from one that players can start at, up to the next such. */
interface Group<F> {
  readonly frames: F[];
  /** When its first frame came, monotonic, ms. */
  readonly atMs: number;
  bytes: number;
}

/** What a frame costs beside its payload. */
const FRAME_OVERHEAD_BYTES = 128;

/**
 * The last seconds of a publish that is forwarded, in whole groups of pictures: another origin gets them where the one
 * that had them is lost, and begins with a frame that can be decoded. Pure.
 *
 * So many groups are kept that the oldest began `keepMs` ago or earlier. Above `keepBytesMax` the oldest go; a group that
 * is larger by itself is not kept, and nothing is then until the next one begins.
 */
export class KeptFrames<F extends Sized> {
  readonly #limits: KeepLimits;
  #groups: Group<F>[] = [];
  #bytes = 0;

  constructor(limits: KeepLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Oldest first, from one that players can start at; empty where there is none. */
  get frames(): readonly F[] {
    return this.#groups.flatMap(({ frames }) => frames);
  }

  push(frame: F, isStart: boolean, nowMs: number): void {
    if (isStart) this.#groups.push({ frames: [], atMs: nowMs, bytes: 0 });
    const group = this.#groups.at(-1);
    if (group === undefined) return;
    const bytes = frame.payload.length + FRAME_OVERHEAD_BYTES;
    group.frames.push(frame);
    group.bytes += bytes;
    this.#bytes += bytes;
    this.#dropOld(nowMs);
  }

  /** What came before cannot be decoded with what comes now. */
  clear(): void {
    this.#groups = [];
    this.#bytes = 0;
  }

  #dropOld(nowMs: number): void {
    const { keepMs, keepBytesMax } = this.#limits;
    for (;;) {
      const [oldest, next] = this.#groups;
      const isOld = next !== undefined && next.atMs <= nowMs - keepMs;
      if (oldest === undefined || (!isOld && this.#bytes <= keepBytesMax)) return;
      this.#groups.shift();
      this.#bytes -= oldest.bytes;
    }
  }
}
