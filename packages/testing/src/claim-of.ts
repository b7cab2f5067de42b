/** A claim on `live/STREAM` of the default vhost, as the directory's `Claim` has it. */
export function claimOf(
  stream: string,
  sinceMs = 1,
): { readonly key: string; readonly sinceMs: number; readonly media: object } {
  return { key: `__defaultVhost__/live/${stream}`, sinceMs, media: {} };
}
