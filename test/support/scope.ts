import { afterAll, afterEach, onTestFailed, onTestFinished } from 'vitest';

/** Owns what a test started. Closing ends it all, the latest first, also where some of it fails. */
export class Scope {
  readonly #closers: (() => unknown)[] = [];
  readonly #witnesses: (() => string)[] = [];

  defer(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** `tell` is printed when a test of this scope fails: the log of a process, say. */
  witness(tell: () => string): void {
    this.#witnesses.push(tell);
  }

  testimony(): string {
    return this.#witnesses.map((tell) => tell()).join('\n');
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'cleaning up failed');
  }
}

/** A scope that ends with the file or `describe` block that calls this while it is collected. */
export function sharedScope(): Scope {
  const scope = new Scope();
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(scope.testimony());
  });
  afterAll(() => scope.close());
  return scope;
}

/** A scope that ends with the running test. */
export function testScope(): Scope {
  const scope = new Scope();
  onTestFailed(() => console.error(scope.testimony()));
  onTestFinished(() => scope.close());
  return scope;
}
