import type { LogLine } from '../support/origin-process.js';
import { isExplained, type Reason } from './explained.js';

export interface Unexplained {
  readonly level: LogLine['level'];
  readonly msg: string;
  count: number;
  /** When it came first, ms, from whom, and all of that line. */
  readonly atMs: number;
  readonly member: string;
  readonly line: LogLine;
}

/** A fault explains what members say until so long after it. */
const EXPLAINS_MS = 45_000;

/** Counts what members log by level and message, and picks the warnings that no fault explains. Pure. */
export class LogTally {
  readonly #counts = new Map<string, { level: LogLine['level']; msg: string; count: number }>();
  readonly #unexplained = new Map<string, Unexplained>();
  readonly #lastMs = new Map<Reason, number>();

  /** A fault begins, or goes on, or whatever else explains warnings. */
  met(kind: Reason, atMs: number): void {
    this.#lastMs.set(kind, atMs);
  }

  /** Returns whether it is a warning, or worse, that nothing explains. */
  take(member: string, line: LogLine, atMs: number): boolean {
    const { level, msg } = line;
    const key = `${level} ${msg}`;
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { level, msg, count: 1 });
    else counted.count += 1;
    if (!isWarning(line)) return false;
    const recent = [...this.#lastMs].filter(([, lastMs]) => atMs - lastMs <= EXPLAINS_MS);
    if (isExplained(line, new Set(recent.map(([kind]) => kind)))) return false;
    const known = this.#unexplained.get(key);
    if (known === undefined) this.#unexplained.set(key, { level, msg, count: 1, atMs, member, line });
    else known.count += 1;
    return true;
  }

  /** The most frequent first. */
  get counts(): readonly { readonly level: string; readonly msg: string; readonly count: number }[] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count);
  }

  get unexplained(): readonly Unexplained[] {
    return [...this.#unexplained.values()];
  }
}

export const isWarning = ({ level }: LogLine): boolean =>
  level === 'warn' || level === 'error' || level === 'fatal';
