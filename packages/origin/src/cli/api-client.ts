import * as v from 'valibot';
import { HeadwaterError } from '../errors.js';
import type { Arguments, Flag } from './command.js';
import type { CliIo } from './io.js';

export const API_FLAG: Flag = {
  name: 'api',
  value: 'URL',
  meaning:
    'API of any member; default: HEADWATER_API, else http://127.0.0.1:1985 (or the port in HEADWATER_API_PORT).',
};

export const JSON_FLAG: Flag = { name: 'json', meaning: "Print the API's answer as it came." };

/** Deadline of one question. */
const TIMEOUT_MS = 5000;

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** The text as JSON; undefined where it is none. */
  readonly body: unknown;
}

/** Asks the API and takes any status. Throws `HeadwaterError` (`API_UNREACHABLE`, `USAGE`). */
export async function askApi(path: string, given: Arguments, io: CliIo): Promise<ApiAnswer> {
  const base = baseUrl(given.value('api'), io.env);
  try {
    const response = await io.fetch(new URL(path, base), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    return { status: response.status, text, body: jsonOf(text) };
  } catch (cause) {
    throw new HeadwaterError('API_UNREACHABLE', `no API answers at ${base.origin}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** Asks the API for an answer of this shape. Throws `HeadwaterError` for everything else. */
export async function readApi<T>(
  path: string,
  schema: v.GenericSchema<unknown, T>,
  given: Arguments,
  io: CliIo,
): Promise<{ readonly value: T; readonly text: string }> {
  const answer = await askApi(path, given, io);
  const refusal = v.safeParse(REFUSAL, answer.body);
  if (refusal.success) {
    const { message, hint } = refusal.output.error;
    throw new HeadwaterError('API_REFUSED', message, hint === undefined ? {} : { hint });
  }
  const parsed = v.safeParse(schema, answer.body);
  if (answer.status === 200 && parsed.success) return { value: parsed.output, text: answer.text };
  const base = baseUrl(given.value('api'), io.env).origin;
  throw new HeadwaterError(
    'API_ANSWER_UNKNOWN',
    `${base} answered ${path} with status ${answer.status} and no JSON of ours`,
  );
}

const REFUSAL = v.object({
  error: v.object({ code: v.string(), message: v.string(), hint: v.optional(v.string()) }),
});

function baseUrl(flag: string | undefined, env: CliIo['env']): URL {
  const port = /^\d{1,5}$/.test(env.HEADWATER_API_PORT ?? '') ? env.HEADWATER_API_PORT : '1985';
  const written = flag ?? (env.HEADWATER_API || `http://127.0.0.1:${port}`);
  const text = /^[a-z]+:\/\//i.test(written) ? written : `http://${written}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  const where = flag === undefined ? 'HEADWATER_API' : '--api';
  throw new HeadwaterError(
    'USAGE',
    `${where}: found ${JSON.stringify(written)}, expected a URL such as http://127.0.0.1:1985`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS} ms`;
  const cause: unknown = error.cause;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? reasonOf(cause) : error.message;
}
