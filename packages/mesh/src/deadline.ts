/**
 * The result of `work`, or an error with the code `ETIMEDOUT` once it took longer: a file system that hangs never says
 * so itself. What hangs goes on hanging, but nobody waits for it.
 */
export async function withDeadline<T>(what: string, limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const error = new Error(`${what} did not answer within ${limitMs} ms`);
    timer = setTimeout(() => reject(Object.assign(error, { code: 'ETIMEDOUT' })), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
