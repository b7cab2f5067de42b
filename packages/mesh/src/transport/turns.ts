import { OwnTimeout } from './own-timeout.js';

/**
 * Lets so many jobs at once begin; the others wait in line, those that are urgent before those that are not. Each begins in
 * a turn of the event loop of its own, so that what has come in meanwhile, such as heartbeats, goes before it. Who takes
 * long keeps nobody waiting: its turn is over after `holdMs`, though its job goes on.
 */
export class Turns {
  readonly #max: number;
  readonly #holdMs: number;
  readonly #lines: readonly [(() => void)[], (() => void)[]] = [[], []];
  #taken = 0;

  constructor(max: number, holdMs: number) {
    this.#max = max;
    this.#holdMs = holdMs;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#lines[0].length + this.#lines[1].length;
  }

  async take<T>(isUrgent: boolean, job: () => Promise<T>): Promise<T> {
    if (this.#taken < this.#max) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#lines[isUrgent ? 0 : 1].push(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      hold.clear();
      const next = this.#lines[0].shift() ?? this.#lines[1].shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    };
    const hold = new OwnTimeout(this.#holdMs, 'its turn is over');
    hold.signal.addEventListener('abort', end);
    try {
      return await job();
    } finally {
      end();
    }
  }
}
