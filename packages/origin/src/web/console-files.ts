import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Context, Hono } from 'hono';

/** Where the build puts the console: beside the program, so that it is part of what is published. */
const FOLDER = new URL('../../dist/console/', import.meta.url);

/** What the build lists: files by their path under /console/. Nothing else is ever read. */
interface Listed {
  readonly [path: string]: { readonly type: string; readonly isHashed: boolean };
}

/**
 * Scripts and styles come from here alone, and none are in the page. Media comes by WebSocket from whichever member is
 * chosen, and is played from memory (`blob:`).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self' ws: wss:",
  'media-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** A year: a name that holds a hash never gets another content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The web console at /console: static files, compressed when they were built. */
export function addConsole(api: Hono): void {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  let listed: Listed | null = null;
  const list = (): Listed => {
    listed ??= readList();
    return listed;
  };
  const read = (name: string): Uint8Array<ArrayBuffer> => {
    const known = kept.get(name);
    if (known !== undefined) return known;
    const bytes = new Uint8Array(readFileSync(new URL(name, FOLDER)));
    kept.set(name, bytes);
    return bytes;
  };

  api.get('/console', (context) => context.redirect('/console/', 308));
  api.get('/console/*', (context, next) => {
    const name = context.req.path.slice('/console/'.length) || 'index.html';
    const files = list();
    const file = Object.hasOwn(files, name) ? files[name] : undefined;
    if (file === undefined) return next();
    return answer(context, name, file, read);
  });
}

function answer(
  context: Context,
  name: string,
  { type, isHashed }: Listed[string],
  read: (name: string) => Uint8Array<ArrayBuffer>,
): Response {
  for (const [header, value] of Object.entries(HEADERS)) context.header(header, value);
  context.header('Content-Type', type);
  context.header('Cache-Control', isHashed ? FOR_EVER : 'no-cache');
  context.header('Vary', 'Accept-Encoding');
  if (!/\bgzip\b/.test(context.req.header('accept-encoding') ?? '')) return context.body(read(name));
  context.header('Content-Encoding', 'gzip');
  return context.body(read(`${name}.gz`));
}

/** Empty where only the program was built. */
function readList(): Listed {
  const file = fileURLToPath(new URL('files.json', FOLDER));
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Listed) : {};
}
