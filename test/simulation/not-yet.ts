import type { Trouble } from './plan.js';

/**
 * What the core is known not to stand yet. Such a trouble is not drawn by seeds, and such a checker is not asked, unless
 * they are called for (`--trouble NAME`, `--strict`). Each is here until the rule of the core that it waits for is there:
 * `not-yet.test.ts` fails as soon as a trouble of these breaks no rule any more.
 */
export const TROUBLES_NOT_YET: Readonly<Partial<Record<Trouble, string>>> = {};

export const CHECKERS_NOT_YET: Readonly<Record<string, string>> = {};

export const isDrawn = (trouble: Trouble): boolean => !Object.hasOwn(TROUBLES_NOT_YET, trouble);

export const isAsked = (checker: string): boolean => !Object.hasOwn(CHECKERS_NOT_YET, checker);
