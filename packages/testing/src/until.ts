import { awaitCondition, type Met } from './await-condition.js';

/** `awaitCondition` in few words. */
export function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  deadlineMs?: number,
): Promise<Met<T>> {
  return awaitCondition(what, condition, { everyMs: 5, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
}
