/** What was not heard for so long has ended, ms. Longer than the pauses in which this member tries things again. */
export const QUIET_MS = 120_000;
/** What goes on for very long is told again this often, with its count, ms. */
export const REMIND_MS = 3_600_000;
/** Most troubles that are told apart; beyond them only their messages are. */
export const TROUBLES_MAX = 1_000;

/** One line that may come again. */
export interface Warning {
  readonly msg: string;
  /** What it is about: the fields that tell two troubles with one message apart. */
  readonly about: Readonly<Record<string, unknown>>;
  /** How often it is told before it is only counted. */
  readonly toldMax: number;
  /** False where only `end` ends it. */
  readonly isEndedByQuiet: boolean;
}

/** What became of a trouble that was not told each time. */
export interface Repeats {
  readonly msg: string;
  readonly about: Readonly<Record<string, unknown>>;
  /** How often it came, the lines that were told included. */
  readonly count: number;
  /** From the first to the last time, ms. */
  readonly forMs: number;
}

interface Trouble extends Warning {
  count: number;
  readonly firstMs: number;
  lastMs: number;
  remindedMs: number;
}

/**
 * Warnings that repeat: each trouble is told once (or a few times, where each time is news), then counted, then told once
 * more when it ends. Time is an argument; it must not go back.
 */
export class RepeatedWarnings {
  readonly #troubles = new Map<string, Trouble>();

  get size(): number {
    return this.#troubles.size;
  }

  /** Whether to tell it now. */
  heard(warning: Warning, nowMs: number): boolean {
    const named = keyOf(warning.msg, warning.about);
    const isNew = !this.#troubles.has(named);
    const isFull = isNew && this.#troubles.size >= TROUBLES_MAX;
    const about = isFull ? {} : warning.about;
    const key = isFull ? keyOf(warning.msg, about) : named;
    const before = this.#troubles.get(key);
    const trouble = before ?? {
      ...warning,
      about,
      count: 0,
      firstMs: nowMs,
      lastMs: nowMs,
      remindedMs: nowMs,
    };
    if (before === undefined) this.#troubles.set(key, trouble);
    trouble.count += 1;
    trouble.lastMs = nowMs;
    return trouble.count <= trouble.toldMax;
  }

  /** Something says that it is over; null where it was told each time. */
  end(msg: string, about: Warning['about']): Repeats | null {
    const key = keyOf(msg, about);
    const trouble = this.#troubles.get(key);
    this.#troubles.delete(key);
    return trouble === undefined ? null : repeatsOf(trouble);
  }

  /** Those that have ended by now. To be asked each few seconds. */
  quiet(nowMs: number): Repeats[] {
    return this.#take((trouble) => trouble.isEndedByQuiet && nowMs - trouble.lastMs >= QUIET_MS);
  }

  /** Those that go on and were not told for long. */
  lasting(nowMs: number): Repeats[] {
    return [...this.#troubles.values()].flatMap((trouble) => {
      if (nowMs - trouble.remindedMs < REMIND_MS) return [];
      trouble.remindedMs = nowMs;
      return repeatsOf(trouble) ?? [];
    });
  }

  /** All of them, at the end of the log. */
  endAll(): Repeats[] {
    return this.#take(() => true);
  }

  #take(isMeant: (trouble: Trouble) => boolean): Repeats[] {
    const ended: Repeats[] = [];
    for (const [key, trouble] of this.#troubles) {
      if (!isMeant(trouble)) continue;
      this.#troubles.delete(key);
      const repeats = repeatsOf(trouble);
      if (repeats !== null) ended.push(repeats);
    }
    return ended;
  }
}

function repeatsOf({ msg, about, count, toldMax, firstMs, lastMs }: Trouble): Repeats | null {
  return count > toldMax ? { msg, about, count, forMs: Math.round(lastMs - firstMs) } : null;
}

const keyOf = (msg: string, about: Warning['about']): string => JSON.stringify([msg, about]);
