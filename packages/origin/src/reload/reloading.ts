import type { OriginConfig } from '../config/origin-config.js';
import { HeadwaterError } from '../errors.js';
import { maskSecrets } from '../log/mask-secrets.js';
import { planReload, type ReloadPlan } from './plan-reload.js';

/** How a reload went. */
export type ReloadResult =
  | { readonly done: true; readonly applied: readonly string[]; readonly needsRestart: readonly string[] }
  /** Nothing was changed; each a sentence without a secret. Empty: this member has no configuration to read again. */
  | { readonly done: false; readonly problems: readonly string[] };

export interface ReloadingParts {
  /** Reads and checks the configuration again; rejects with `HeadwaterError`. Absent: there is nothing to read. */
  readonly load: (() => Promise<OriginConfig>) | undefined;
  readonly running: () => OriginConfig;
  /**
   * Puts all of it in force; gives keys that have changed beside those of the plan: files that they name have. Rejects where that
   * cannot be; then the one before is in force.
   */
  readonly apply: (plan: ReloadPlan) => Promise<readonly string[]>;
  readonly done: (result: ReloadResult) => void;
}

/** So long the configuration may take to be read, ms. */
const READ_MS_MAX = 10_000;
const HANGS = 'is the disk there that it, or a file that it names, lies on?';

/** Reloads one after the other, however they are asked for. */
export class Reloading {
  readonly #parts: ReloadingParts;
  #last: Promise<unknown> = Promise.resolve();
  /** Of a disk that hangs one read waits at a time: each takes one of the few threads that read files. */
  #isReading = false;

  constructor(parts: ReloadingParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  reload(): Promise<ReloadResult> {
    const next = this.#last.then(() => this.#reload());
    this.#last = next;
    return next;
  }

  async #reload(): Promise<ReloadResult> {
    const { load, running, apply, done } = this.#parts;
    if (load === undefined) return { done: false, problems: [] };
    let result: ReloadResult;
    try {
      const plan = planReload(running(), await this.#read(load));
      const others = await apply(plan);
      const applied = [...new Set([...plan.applied, ...others])];
      result = { done: true, applied, needsRestart: plan.needsRestart };
    } catch (error) {
      result = { done: false, problems: problemsOf(error) };
    }
    done(result);
    return result;
  }

  async #read(load: () => Promise<OriginConfig>): Promise<OriginConfig> {
    if (this.#isReading)
      throw new Error(`the configuration is still being read since the last reload: ${HANGS}`);
    this.#isReading = true;
    const reading = load().finally(() => {
      this.#isReading = false;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the configuration was not read within ${READ_MS_MAX / 1000} s: ${HANGS}`)),
        READ_MS_MAX,
      );
    });
    try {
      return await Promise.race([reading, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function problemsOf(error: unknown): readonly string[] {
  const problems = error instanceof HeadwaterError && error.details.length > 0 ? error.details : null;
  return (problems ?? [error instanceof Error ? error.message : String(error)]).map(maskSecrets);
}
