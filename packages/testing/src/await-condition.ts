import { setTimeout as delay } from 'node:timers/promises';

/** What a condition that was met gave. */
export type Met<T> = Exclude<T, null | undefined | false>;

export interface Awaiting {
  /** How long the condition may take, ms, where a hang takes longer than elsewhere. */
  readonly deadlineMs?: number;
  /** Whatever changes while there is progress towards it: each change starts the deadline anew. */
  readonly progress?: () => unknown;
  /** How often to look, ms. */
  readonly everyMs?: number;
  /** Told with the failure: what was there instead. */
  readonly instead?: () => unknown;
}

/**
 * After so long without what is awaited, something hangs. No test measures speed, and the machine may be busy with
 * something else, so one deadline serves all, and it is generous.
 */
export const HANG_MS = 120_000;
const EVERY_MS = 20;

/**
 * Waits until `probe` gives something truthy, and returns that. A probe that throws counts as "not yet".
 * Fails with a message that says what was awaited, for how long, and what was there instead.
 */
export async function awaitCondition<T>(
  what: string,
  probe: () => T | Promise<T>,
  { deadlineMs = HANG_MS, everyMs = EVERY_MS, progress, instead }: Awaiting = {},
): Promise<Met<T>> {
  let end = performance.now() + deadlineMs;
  let reached = progress?.();
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value as Met<T>;
      last = value;
    } catch (error) {
      last = error;
    }
    const now = progress?.();
    if (now !== reached) {
      reached = now;
      end = performance.now() + deadlineMs;
    }
    if (performance.now() >= end) break;
    await delay(everyMs);
  }
  const seen = instead === undefined ? last : instead();
  const hung = progress === undefined ? '' : ' without progress';
  throw new Error(`waited ${deadlineMs} ms${hung} for: ${what}\ninstead: ${inWords(seen)}`);
}

/** `promise`, or a failure that says what was awaited once the deadline has passed. */
export async function withDeadline<T>(what: string, promise: Promise<T>, deadlineMs = HANG_MS): Promise<T> {
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
