/** Least time between two changes of what the mesh is told of one stream's flow. */
const CHANGE_MS_MIN = 1000;

/**
 * Whether a publisher's media flows, as the mesh is told: nothing at first, then each change, but at most one a second.
 * What comes and goes within that is not told.
 */
export class FlowClaim {
  readonly #onChanged: (isFlowing: boolean, isNews: boolean) => void;
  #isFlowing = false;
  #wanted = false;
  /** Silence was told as such; before that, nothing is merely not there yet. */
  #isSilenceTold = false;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  /** `onChanged`: what is told from now on; `isNews`: a person should hear of it, since it is no ordinary begin. */
  constructor(onChanged: (isFlowing: boolean, isNews: boolean) => void) {
    this.#onChanged = onChanged;
  }

  /** What is told at the moment. */
  get isFlowing(): boolean {
    return this.#isFlowing;
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
    const isSilenceNew = !this.#wanted && !this.#isSilenceTold;
    if (this.#wanted === this.#isFlowing && !isSilenceNew) return;
    const isNews = this.#wanted ? this.#isSilenceTold : isSilenceNew;
    this.#isFlowing = this.#wanted;
    this.#isSilenceTold = !this.#wanted;
    this.#changedAtMs = nowMs;
    this.#onChanged(this.#isFlowing, isNews);
  }
}
