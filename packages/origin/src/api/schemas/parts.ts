import * as v from 'valibot';

/** What stands in place of a schema in the documentation: of a text that is read as something else. */
export interface Shown {
  readonly shown: Readonly<Record<string, unknown>>;
}

/** A schema with what it means. */
export const said = <const S extends v.GenericSchema>(schema: S, meaning: string) =>
  v.pipe(schema, v.description(meaning));

export const TEXT = v.string();
export const NUMBER = v.number();
export const FLAG = v.boolean();
export const TEXTS = v.array(TEXT);

/** Unix ms. */
export const SINCE_MS = said(NUMBER, 'Unix ms.');

/** A whole number of a query. */
export function queryNumber(name: string, min: number, max: number) {
  const expected = `${name} is a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,9}$/, expected),
    v.transform(Number),
    v.minValue(min, expected),
    v.maxValue(max, expected),
    v.metadata({ shown: { type: 'integer', minimum: min, maximum: max } } satisfies Shown),
  );
}

/** One of some words of a query. */
export const queryWord = <const W extends readonly string[]>(name: string, words: W) =>
  v.picklist(words, `${name} is one of ${words.join(', ')}`);

/** Members that did not answer, and why. */
export const MISSING = said(
  v.array(
    v.object({
      member: TEXT,
      name: TEXT,
      reason: said(
        TEXT,
        '`deadline`, `not-connected`, `not-supported` (an older release), `unknown-question`, `connection-lost`, `busy`, `too-large`, `failed`; `workers`: some of its media workers did not answer it.',
      ),
    }),
  ),
  'Members that did not answer, or not for all of them: what is missing here is theirs.',
);
export const UNANSWERED = said(
  v.array(NUMBER),
  'Workers of this member that did not answer in time: what they have is missing.',
);
export const PROTOCOL = v.picklist(['rtmp', 'http-flv', 'ws-flv']);
