import * as v from 'valibot';
import { HeadwaterError } from '../errors.js';
import { type ApiAnswer, apiBase, askApi, sendToApi } from './ask-api.js';
import type { Arguments, Flag } from './command.js';
import type { CliIo } from './io.js';

export const JSON_FLAG: Flag = { name: 'json', meaning: "Print the API's answer as it came." };

/** Asks the API for an answer of this shape. Throws `HeadwaterError` for everything else. */
export async function readApi<T>(
  path: string,
  schema: v.GenericSchema<unknown, T>,
  given: Arguments,
  io: CliIo,
): Promise<{ readonly value: T; readonly text: string }> {
  return read(await askApi(path, given, io), path, schema, given, io);
}

/** Has the API do something, and reads what it says. Throws as `readApi` does. */
export async function actByApi<T>(
  method: 'POST' | 'DELETE',
  path: string,
  body: object | undefined,
  schema: v.GenericSchema<unknown, T>,
  given: Arguments,
  io: CliIo,
): Promise<T> {
  return read(await sendToApi(method, path, body, given, io), path, schema, given, io).value;
}

function read<T>(
  answer: ApiAnswer,
  path: string,
  schema: v.GenericSchema<unknown, T>,
  given: Arguments,
  io: CliIo,
): { readonly value: T; readonly text: string } {
  const refusal = refusalIn(answer.body);
  if (refusal !== null) throw refusal;
  const parsed = v.safeParse(schema, answer.body);
  if (answer.status === 200 && parsed.success) return { value: parsed.output, text: answer.text };
  const base = apiBase(given, io).origin;
  throw new HeadwaterError(
    'API_ANSWER_UNKNOWN',
    `${base} answered ${path} with status ${answer.status} and no JSON of ours`,
  );
}

/** The error of an answer that is not what was asked for: in the API's own words, where it has some. */
export function refusalOf({ status, text }: Pick<ApiAnswer, 'status' | 'text'>, base: URL): HeadwaterError {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson()), text);
  const refusal = parsed.success ? refusalIn(parsed.output) : null;
  return (
    refusal ??
    new HeadwaterError(
      'API_ANSWER_UNKNOWN',
      `${base.origin} answered with status ${status} and no JSON of ours`,
    )
  );
}

function refusalIn(body: unknown): HeadwaterError | null {
  const refusal = v.safeParse(REFUSAL, body);
  if (!refusal.success) return null;
  const { message, hint } = refusal.output.error;
  return new HeadwaterError('API_REFUSED', message, hint === undefined ? {} : { hint });
}

const REFUSAL = v.object({
  error: v.object({ code: v.string(), message: v.string(), hint: v.optional(v.string()) }),
});
