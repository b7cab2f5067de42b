/** What was thrown, as an error. Where a connection is reset, libp2p may throw its event instead, whose `error` says why. */
export function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (thrown instanceof Event && 'error' in thrown && thrown.error instanceof Error) return thrown.error;
  return new Error(thrown instanceof Event ? thrown.type : String(thrown));
}
