import type { MiddlewareHandler } from 'hono';
import type { Access } from './access.js';

const METHODS = 'GET, HEAD, POST, PUT, DELETE, OPTIONS';
const HEADERS = 'Authorization, Content-Type, If-None-Match, Last-Event-ID';

/** Tells browsers which pages may read answers (`api.cors`), and answers what they ask before. Others are told nothing. */
export function allowOrigins(access: () => Access): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header('origin');
    const isAllowed = origin !== undefined && access().cors.includes(origin);
    if (isAllowed && context.req.method === 'OPTIONS')
      return new Response(null, {
        status: 204,
        headers: {
          'Access-Control-Allow-Origin': origin,
          'Access-Control-Allow-Methods': METHODS,
          'Access-Control-Allow-Headers': HEADERS,
          'Access-Control-Max-Age': '600',
          Vary: 'Origin',
        },
      });
    await next();
    if (access().cors.length > 0) context.header('Vary', 'Origin', { append: true });
    if (isAllowed) {
      context.header('Access-Control-Allow-Origin', origin);
      context.header('Access-Control-Expose-Headers', 'ETag');
    }
    return undefined;
  };
}
