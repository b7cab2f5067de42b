import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { ERRORS, type ErrorCode } from '../errors.js';

/** HTTP statuses are chosen here and nowhere else. */
const STATUS = {
  STREAM_NAME_INVALID: 400,
  QUERY_INVALID: 400,
  NOT_FOUND: 404,
  INTERNAL: 500,
} as const satisfies Partial<Record<ErrorCode, ContentfulStatusCode>>;

/** The one shape in which the API says no: what happened, and what to do next. */
export function apiError(context: Context, code: keyof typeof STATUS, message: string): Response {
  return context.json({ error: { code, message, hint: ERRORS[code] } }, STATUS[code]);
}
