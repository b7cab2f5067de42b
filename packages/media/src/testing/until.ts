import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for what the condition gives, asking often; rejects after `timeoutMs`. */
export async function until<Value>(
  condition: () => Value | undefined | null | false | Promise<Value | undefined | null | false>,
  what: string,
  timeoutMs = 15_000,
): Promise<Value> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(5);
  }
}
