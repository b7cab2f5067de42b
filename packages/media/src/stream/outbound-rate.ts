/** How fast media goes out, averaged over about a sample's distance. */
export class OutboundRate {
  #bytes = 0;
  #atMs: number | null = null;
  #kbps = 0;

  /** Kilobits per second, whole. */
  get kbps(): number {
    return this.#kbps;
  }

  /** `bytes`: all sent since the start. */
  sample(bytes: number, nowMs: number): void {
    if (this.#atMs !== null && nowMs > this.#atMs) {
      this.#kbps = Math.round(((bytes - this.#bytes) * 8) / (nowMs - this.#atMs));
    }
    this.#bytes = bytes;
    this.#atMs = nowMs;
  }
}
