/** The system's code of an error, such as ENOSPC; undefined where it is none of the system's. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
