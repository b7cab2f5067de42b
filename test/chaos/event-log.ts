/** What of the promises was broken. */
export type Rule =
  | 'black'
  | 'lost'
  | 'repeated'
  | 'time'
  | 'encode'
  | 'stale'
  | 'closed'
  | 'left-over'
  | 'member'
  | 'publisher';

export interface Violation {
  /** ms since the run began. */
  readonly atMs: number;
  readonly rule: Rule;
  /** The player, publisher or member. */
  readonly who: string;
  readonly what: string;
}

export interface Entry {
  readonly atMs: number;
  readonly text: string;
}

/** Faults, observations and violations of one run, by time. */
export class EventLog {
  readonly violations: Violation[] = [];
  readonly nowMs: () => number;
  readonly #entries: Entry[] = [];
  readonly #trace: (line: string) => void;

  constructor(nowMs: () => number, trace: (line: string) => void = () => {}) {
    this.nowMs = nowMs;
    this.#trace = trace;
  }

  note(text: string, atMs = this.nowMs()): void {
    this.#entries.push({ atMs, text });
    this.#trace(line(atMs, text));
  }

  violated(rule: Rule, who: string, what: string, atMs = this.nowMs()): void {
    this.violations.push({ atMs: Math.round(atMs), rule, who, what });
    this.note(`!! ${rule}: ${who}: ${what}`, atMs);
  }

  /** By time. */
  get entries(): readonly Entry[] {
    return [...this.#entries].sort((a, b) => a.atMs - b.atMs);
  }

  get lines(): readonly string[] {
    return this.entries.map(({ atMs, text }) => line(atMs, text));
  }
}

export function line(atMs: number, text: string): string {
  return `${seconds(atMs).padStart(7)}  ${text}`;
}

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
