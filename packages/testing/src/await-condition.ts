import { setTimeout as delay } from 'node:timers/promises';

/** What a condition that was met gave. */
export type Met<T> = Exclude<T, null | undefined | false>;

export interface Awaiting {
  /** How long the condition may take, ms. The machine may be busy: this bounds a hang, it measures nothing. */
  readonly deadlineMs?: number;
  /** How often to look, ms. */
  readonly everyMs?: number;
  /** Told with the failure: what was there instead. */
  readonly instead?: () => unknown;
}

const DEADLINE_MS = 15_000;
const EVERY_MS = 20;

/**
 * Waits until `probe` gives something truthy, and returns that. A probe that throws counts as "not yet".
 * Fails with a message that says what was awaited, for how long, and what was there instead.
 */
export async function awaitCondition<T>(
  what: string,
  probe: () => T | Promise<T>,
  { deadlineMs = DEADLINE_MS, everyMs = EVERY_MS, instead }: Awaiting = {},
): Promise<Met<T>> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value as Met<T>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= end) break;
    await delay(everyMs);
  }
  const seen = instead === undefined ? last : instead();
  throw new Error(`waited ${deadlineMs} ms for: ${what}\ninstead: ${inWords(seen)}`);
}

/** `promise`, or a failure that says what was awaited once the deadline has passed. */
export async function withDeadline<T>(
  what: string,
  promise: Promise<T>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms for: ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

function inWords(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message;
  if (typeof value === 'string') return value;
  return JSON.stringify(value, null, 2) ?? String(value);
}
