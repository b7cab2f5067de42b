import { Slice } from '@headwater/directory';

/** Resolves when other work of this process has had its turn. */
export type Turn = () => Promise<void>;

export const nextTurn: Turn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * A walk over many items in slices of this process's time. Most items of some walks match nothing: to look at the clock for
 * each, or to wait for each, however shortly, would cost more than all that is done for it.
 */
export class SlicedWork {
  readonly #turn: Turn;
  readonly #itemsPerLook: number;
  #slice = new Slice(() => performance.now());
  #looked = 0;

  constructor(turn: Turn, itemsPerLook = 1) {
    this.#turn = turn;
    this.#itemsPerLook = itemsPerLook;
  }

  /** Before each item: this turn was long enough. */
  get isOver(): boolean {
    this.#looked += 1;
    return this.#looked % this.#itemsPerLook === 0 && this.#slice.isOver;
  }

  async nextTurn(): Promise<void> {
    await this.#turn();
    this.#slice = new Slice(() => performance.now());
  }
}
