import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { isLoopback } from '../config/address.js';
import { type ApiErrorCode, apiError } from './api-error.js';
import { clientIpOf } from './client-ip.js';
import { hostOf } from './host-of.js';

/** Who may ask the API for what. */
export interface Access {
  /** Each gives the role `operate`, which may read as well. */
  readonly operateTokens: readonly string[];
  /** Each gives the role `read`. */
  readonly readTokens: readonly string[];
  /** Names that lead here, beside loopback and IP addresses. */
  readonly hosts: readonly string[];
  /** Origins whose pages may read answers, and act with a token. */
  readonly cors: readonly string[];
}

/** `read` sees everything and changes nothing; `operate` may do both. */
export type Role = 'read' | 'operate';

/** What a request says of itself, and where it comes from. */
export interface Asking {
  readonly role: Role;
  readonly method: string;
  /** A header, by its name in small letters. */
  header(name: string): string | undefined;
  /** Of the client, as trusted proxies say; absent: not known. */
  readonly ip: string | undefined;
}

type Denial = readonly [code: ApiErrorCode, message: string];

/** What hono's node server adds to a request. */
interface NodeBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } };
}

/** Headers by which a proxy says that it speaks for somebody else. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Lets only those through who have the role. `access` is looked at for each request: a reload may change it. */
export function requireRole(role: Role, access: () => Access): MiddlewareHandler {
  return async (context, next) => {
    const { incoming } = (context.env ?? {}) as NodeBindings;
    const said = incoming === undefined ? undefined : clientIpOf(incoming);
    const denial = denialOf(
      {
        role,
        method: context.req.method,
        header: (name) => context.req.header(name),
        ip: (said ?? incoming?.socket?.remoteAddress)?.replace(/^::ffff:/, ''),
      },
      access(),
    );
    if (denial === null) return next();
    const [code, message] = denial;
    const answer = apiError(context, code, message);
    if (answer.status === 401) answer.headers.set('WWW-Authenticate', 'Bearer realm="headwater"');
    return answer;
  };
}

/** Why the request may not do that; null where it may. */
export function denialOf(asking: Asking, access: Access): Denial | null {
  return (asking.role === 'operate' ? pageDenial(asking, access) : null) ?? roleDenial(asking, access);
}

/**
 * A page that somebody's browser has open acts in the name of that machine. It cannot hide its origin, and what a form of
 * another page can send is not JSON; a DELETE is not sent without our consent.
 */
function pageDenial({ method, header }: Asking, { cors }: Access): Denial | null {
  const origin = header('origin');
  if (origin !== undefined && !isOwnOrigin(origin, header('host')) && !cors.includes(origin))
    return ['ORIGIN_FOREIGN', `a page of ${origin} may not do this`];
  const contentType = header('content-type');
  const isJson = /^application\/json\s*(;|$)/i.test(contentType ?? '');
  if (isJson || (method === 'DELETE' && contentType === undefined)) return null;
  return ['CONTENT_TYPE_INVALID', 'send the header Content-Type: application/json'];
}

function roleDenial(asking: Asking, access: Access): Denial | null {
  const { role, header } = asking;
  const { operateTokens, readTokens } = access;
  const areTokensSet = operateTokens.length + readTokens.length > 0;
  const given = /^Bearer +(\S+) *$/i.exec(header('authorization') ?? '')?.[1];
  if (given !== undefined && (areTokensSet || role === 'operate')) {
    const isOperator = isOneOf(given, operateTokens);
    if (isOperator) return null;
    if (!isOneOf(given, readTokens)) return ['TOKEN_INVALID', 'this token is none of this member'];
    return role === 'read' ? null : ['ROLE_MISSING', 'this token may read, and change nothing'];
  }
  if (areTokensSet) return ['TOKEN_MISSING', 'this member wants a token, and none came'];
  return role === 'read' ? readDenial(asking, access) : operateDenial(asking, access);
}

/** Without tokens everybody may read who knows where to ask, but no page whose name was made to lead here. */
function readDenial({ header }: Asking, { hosts }: Access): Denial | null {
  const host = hostOf(header('host'));
  // Browsers always send one.
  if (host === undefined || isIP(host) !== 0 || isKnown(host, hosts)) return null;
  return ['HOST_UNKNOWN', 'the name by which this member was asked is none that it knows'];
}

/** Without tokens this machine itself may act, by a name that no stranger has made. */
function operateDenial({ header, ip }: Asking, { hosts }: Access): Denial | null {
  const origin = header('origin');
  const isFromHere = ip !== undefined && isLoopback(ip);
  const isToHere = isKnown(hostOf(header('host')) ?? '', hosts) && FORWARDED.every((name) => !header(name));
  const isOwnPage = origin === undefined || isOwnOrigin(origin, header('host'));
  if (isFromHere && isToHere && isOwnPage) return null;
  return [
    'ROLE_MISSING',
    'only requests from this machine itself, or with the token of api.token, may change anything',
  ];
}

const isKnown = (host: string, hosts: readonly string[]): boolean =>
  isLoopback(host) || hosts.some((known) => known.toLowerCase() === host.toLowerCase());

/** Whether the page that asks came from this very API. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** In a time that tells nothing of how much of it was right. */
function isOneOf(given: string, tokens: readonly string[]): boolean {
  const wanted = createHash('sha256').update(given).digest();
  // Each is looked at, whichever it is.
  return (
    tokens.filter((token) => timingSafeEqual(wanted, createHash('sha256').update(token).digest())).length > 0
  );
}
