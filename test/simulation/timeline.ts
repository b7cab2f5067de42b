interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** The virtual clock, ms, and all that will happen: a binary heap, events of one moment in the order they were planned. */
export class Timeline {
  now = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  /** Events that wait. */
  get length(): number {
    return this.#heap.length;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.now + Math.max(0, delayMs), run);
  }

  at(at: number, run: () => void): void {
    const event = { at: Math.max(at, this.now), order: this.#order++, run };
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Lets time pass. `isOver`: asked before each event, ends the run early. */
  runTo(end: number, isOver: () => boolean = () => false): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      if (isOver()) return;
      this.#shift();
      this.now = next.at;
      next.run();
    }
    this.now = Math.max(this.now, end);
  }

  #shift(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
  }
}
