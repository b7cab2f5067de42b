import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { isLoopback } from '../config/address.js';
import { apiError } from './api-error.js';
import { clientIpOf } from './client-ip.js';
import { hostOf } from './host-of.js';

/** Who may do what changes something. */
export interface Access {
  /** Who brings it may, from anywhere; absent: nobody from elsewhere. */
  readonly token?: string;
}

export type Role = 'operate';

/** What hono's node server adds to a request. */
interface NodeBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } };
}

/** Headers by which a proxy says that it speaks for somebody else. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Lets only those through who have the role: with the token from anywhere, without one from this machine itself. A page
 * that somebody's browser has open can neither send the token nor be taken for this machine: it names its origin, or the
 * name by which it reached us.
 */
export function requireRole(_role: Role, access: Access): MiddlewareHandler {
  return async (context, next) => {
    const header = (name: string): string | undefined => context.req.header(name);
    const origin = header('origin');
    if (origin !== undefined && !isOwnOrigin(origin, header('host')))
      return apiError(context, 'ORIGIN_FOREIGN', `a page of ${origin} may not do this`);
    const isDelete = context.req.method === 'DELETE';
    const contentType = header('content-type');
    const isJson = /^application\/json\s*(;|$)/i.test(contentType ?? '');
    // What a form of another page can send is not JSON; a DELETE is not sent without our consent.
    if (!isJson && !(isDelete && contentType === undefined))
      return apiError(context, 'CONTENT_TYPE_INVALID', 'send the header Content-Type: application/json');
    const given = /^Bearer (\S+)$/i.exec(header('authorization') ?? '')?.[1];
    if (given !== undefined && access.token !== undefined && isSame(given, access.token)) return next();
    if (given !== undefined)
      return apiError(context, 'TOKEN_INVALID', 'this token is not the one of api.token');
    const { incoming } = (context.env ?? {}) as NodeBindings;
    const said = incoming === undefined ? undefined : clientIpOf(incoming);
    const remote = (said ?? incoming?.socket?.remoteAddress)?.replace(/^::ffff:/, '');
    const isFromHere = remote !== undefined && isLoopback(remote);
    const isToHere = isLoopback(hostOf(header('host')) ?? '') && FORWARDED.every((name) => !header(name));
    if (isFromHere && isToHere) return next();
    return apiError(
      context,
      'ROLE_MISSING',
      'only requests from this machine itself, or with the token of api.token, may change anything',
    );
  };
}

/** Whether the page that asks came from this very API. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** In a time that tells nothing of how much of it was right. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
