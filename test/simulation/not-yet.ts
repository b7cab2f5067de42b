import type { Trouble } from './plan.js';

/**
 * What the core is known not to stand yet, and which rule it waits for. Such a trouble is not drawn by seeds, and such a
 * checker is not asked, unless they are called for (`--trouble NAME`, `--strict`). `not-yet.test.ts` fails as soon as one
 * of these breaks no rule any more: then it comes off the list.
 */
export const TROUBLES_NOT_YET: Readonly<Partial<Record<Trouble, string>>> = {};

/** Each with a trouble that shows it. */
export const CHECKERS_NOT_YET: Readonly<
  Record<string, { readonly waitsFor: string; readonly shownBy: Trouble }>
> = {};

export const isDrawn = (trouble: Trouble): boolean => !Object.hasOwn(TROUBLES_NOT_YET, trouble);

export const isAsked = (checker: string): boolean => !Object.hasOwn(CHECKERS_NOT_YET, checker);
