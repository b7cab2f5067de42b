/** A claim on `live/STREAM` of the default vhost, as the directory's `Claim` has it. */
export function claimOf(
  stream: string,
  sinceMs = 1,
  silent = false,
): { readonly key: string; readonly sinceMs: number; readonly media: object; readonly silent?: boolean } {
  return { key: `__defaultVhost__/live/${stream}`, sinceMs, media: {}, ...(silent && { silent }) };
}
