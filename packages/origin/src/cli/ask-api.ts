import { readFileSync } from 'node:fs';
import { HeadwaterError } from '../errors.js';
import type { Arguments, Flag } from './command.js';
import type { ApiRequest, CliIo } from './io.js';

export const API_FLAG: Flag = {
  name: 'api',
  value: 'URL',
  meaning:
    'API of any member; default: HEADWATER_API, else http://127.0.0.1:1985 (or the port in HEADWATER_API_PORT).',
};

export const TOKEN_FILE_FLAG: Flag = {
  name: 'token-file',
  value: 'FILE',
  meaning:
    'File with the token to send; default: HEADWATER_API_TOKEN, HEADWATER_API_READ_TOKEN, or the file that either names with _FILE behind it.',
};

/** What each command that asks the API takes. */
export const API_FLAGS: readonly Flag[] = [API_FLAG, TOKEN_FILE_FLAG];

/** Variables with a token, the one that may do more first. */
const TOKEN_VARIABLES = ['HEADWATER_API_TOKEN', 'HEADWATER_API_READ_TOKEN'] as const;

/** The token to send; undefined where there is none. Throws `HeadwaterError` (`USAGE`) where its file cannot be read. */
export function apiToken(given: Arguments, { env }: CliIo): string | undefined {
  const file = given.value('token-file');
  if (file !== undefined) return sendable(firstOf(tokenIn(file)) ?? '', file);
  for (const name of TOKEN_VARIABLES) {
    const inFile = env[`${name}_FILE`]?.trim();
    const text = env[name]?.trim() || (inFile ? tokenIn(inFile) : '');
    // Read as the member reads it, to which the same variables may be given.
    const token = firstOf(text);
    if (token?.startsWith('file:')) {
      const path = token.slice('file:'.length);
      return sendable(firstOf(tokenIn(path)) ?? '', path);
    }
    if (token?.startsWith('env:')) {
      const other = token.slice('env:'.length);
      return sendable(firstOf(env[other] ?? '') ?? '', other);
    }
    if (token !== undefined) return sendable(token, inFile || name);
  }
  return undefined;
}

/** A header would be cut at its first blank, or not be sent at all. */
function sendable(token: string, place: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const found = token === '' ? 'is empty' : 'has blanks, or what is not ASCII, in it';
  throw new HeadwaterError('USAGE', `the token in ${place} ${found}`);
}

const firstOf = (text: string): string | undefined => text.split(',', 1)[0]?.trim() || undefined;

function tokenIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new HeadwaterError('USAGE', `cannot read the token in ${file} (${code})`, { cause });
  }
}

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
  const base = apiBase(given, io);
  const token = apiToken(given, io);
  try {
    const { status, text } = await io.get(new URL(path, base), TIMEOUT_MS, token);
    return { status, text, body: jsonOf(text) };
  } catch (cause) {
    throw new HeadwaterError('API_UNREACHABLE', `no API answers at ${base.origin}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** Asks the API to change something, with a token where there is one. Throws as `askApi` does. */
export async function sendToApi(
  method: ApiRequest['method'],
  path: string,
  body: object | undefined,
  given: Arguments,
  io: CliIo,
): Promise<ApiAnswer> {
  const base = apiBase(given, io);
  const token = apiToken(given, io);
  const request: ApiRequest = {
    method,
    url: new URL(path, base),
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  try {
    const { status, text } = await io.send(request, TIMEOUT_MS);
    return { status, text, body: jsonOf(text) };
  } catch (cause) {
    throw new HeadwaterError('API_UNREACHABLE', `no API answers at ${base.origin}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** Where the API is that these arguments mean. Throws `HeadwaterError` (`USAGE`). */
export function apiBase(given: Arguments, { env }: CliIo): URL {
  const flag = given.value('api');
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

/** Why nothing came of a request, in one line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS} ms`;
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  // OpenSSL's have lines of their own.
  return error.cause instanceof Error ? reasonOf(error.cause) : (error.message.split('\n', 1)[0] ?? '');
}
