/** `npm run test:long` does more of the same than `npm test` has time for; vitest.config.ts says which files. */
const IS_LONG_RUN = process.env.TEST_RUN === 'long';

/** How much is tried: seeds, virtual minutes, cases. */
export function amount<T>({ short, long }: { readonly short: T; readonly long: T }): T {
  return IS_LONG_RUN ? long : short;
}
