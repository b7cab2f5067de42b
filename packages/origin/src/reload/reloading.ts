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

/** Reloads one after the other, however they are asked for. */
export class Reloading {
  readonly #parts: ReloadingParts;
  #last: Promise<unknown> = Promise.resolve();

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
      const plan = planReload(running(), await load());
      const others = await apply(plan);
      const applied = [...new Set([...plan.applied, ...others])];
      result = { done: true, applied, needsRestart: plan.needsRestart };
    } catch (error) {
      result = { done: false, problems: problemsOf(error) };
    }
    done(result);
    return result;
  }
}

function problemsOf(error: unknown): readonly string[] {
  const problems = error instanceof HeadwaterError && error.details.length > 0 ? error.details : null;
  return (problems ?? [error instanceof Error ? error.message : String(error)]).map(maskSecrets);
}
