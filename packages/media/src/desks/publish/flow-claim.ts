/** Least time between two changes of what the mesh is told of one stream's flow. */
const CHANGE_MS_MIN = 1000;

/**
 * Whether a publisher's media flows, as the mesh is told: nothing at first, then each change, but at most one a second.
 * What comes and goes within that is not told.
 */
export class FlowClaim {
  readonly #onChanged: (isFlowing: boolean) => void;
  #isFlowing = false;
  #wanted = false;
  #hasFlowed = false;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(onChanged: (isFlowing: boolean) => void) {
    this.#onChanged = onChanged;
  }

  /** What is told at the moment. */
  get isFlowing(): boolean {
    return this.#isFlowing;
  }

  /** Whether it was ever told that media flows. */
  get hasFlowed(): boolean {
    return this.#hasFlowed;
  }

  /** How it is; `nowMs` by the monotonic clock. */
  set(isFlowing: boolean, nowMs: number): void {
    this.#wanted = isFlowing;
    const waitMs = this.#changedAtMs + CHANGE_MS_MIN - nowMs;
    if (waitMs <= 0) this.#tell(nowMs);
    else this.#timer ??= setTimeout(() => this.#tell(performance.now()), waitMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #tell(nowMs: number): void {
    this.stop();
    if (this.#wanted === this.#isFlowing) return;
    this.#isFlowing = this.#wanted;
    this.#changedAtMs = nowMs;
    this.#onChanged(this.#isFlowing);
    this.#hasFlowed = true;
  }
}
