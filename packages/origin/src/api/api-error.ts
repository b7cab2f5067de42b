import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import * as v from 'valibot';
import { ERRORS, type ErrorCode } from '../errors.js';

/** HTTP statuses are chosen here and nowhere else. */
export const STATUS = {
  STREAM_NAME_INVALID: 400,
  QUERY_INVALID: 400,
  BODY_INVALID: 400,
  TOKEN_INVALID: 401,
  TOKEN_MISSING: 401,
  ROLE_MISSING: 403,
  ORIGIN_FOREIGN: 403,
  HOST_UNKNOWN: 403,
  NOT_FOUND: 404,
  MEMBER_UNKNOWN: 404,
  CLIENT_UNKNOWN: 404,
  PUBLISH_UNKNOWN: 404,
  DRAIN_STATE: 409,
  BODY_TOO_LARGE: 413,
  CONFIG_INVALID: 422,
  CONTENT_TYPE_INVALID: 415,
  INTERNAL: 500,
  NOT_IMPLEMENTED: 501,
  MEMBER_SILENT: 502,
  API_BUSY: 503,
} as const satisfies Partial<Record<ErrorCode, ContentfulStatusCode>>;

export type ApiErrorCode = keyof typeof STATUS;

/** The one shape in which the API says no. */
export const ERROR_ANSWER = v.object({
  error: v.object({
    code: v.pipe(v.string(), v.description('Never changes its meaning.')),
    message: v.pipe(v.string(), v.description('What happened, for people.')),
    hint: v.pipe(v.string(), v.description('What to do about it.')),
  }),
});

/** What happened, and what to do next. */
export function apiError(context: Context, code: ApiErrorCode, message: string): Response {
  return context.json(errorBody(code, message), STATUS[code]);
}

export function errorBody(code: ErrorCode, message: string): v.InferOutput<typeof ERROR_ANSWER> {
  return { error: { code, message, hint: ERRORS[code] } };
}
