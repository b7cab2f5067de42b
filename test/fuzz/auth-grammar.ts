import { createHmac } from 'node:crypto';
import type { Random } from '@headwater/testing/random';

/** Of the member that is fuzzed: some tokens are signed well, and say what no token should. */
export const JWT_SECRET = 'the secret of the fuzzed member, 32 bytes';

const NAMES = [
  'expires', 'signature', 'prefix', 'address', 'sign', 'jwt', 'token', 'user', 'pass', 'headwater', 'puller', 'proof', 'member', 'owner',
  'replay', 'vhost', '__proto__', '', 'x',
]; // biome-ignore format: one paragraph of words
const HEX = '0123456789abcdef'.repeat(4);
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const CLAIMS = part({ exp: 4_000_000_000, actions: ['publish', 'play'], streams: ['**'] });
const VALUES = [
  '4000000000', '1', '-1', '1e99', '999999999999999999', '0x7f', HEX, HEX.toUpperCase(), `${HEX}00`, 'live/', '%00', '%0a', '%', '%ud800',
  '127.0.0.1', '::1', `4000000000-${HEX.slice(32)}`, `1-${HEX.slice(32)}`, 'relay', 'redirected', '', 'a.b.c', '..',
  `${part({ alg: 'none' })}.${CLAIMS}.`, `${part({ alg: 'none' })}.${CLAIMS}.AA`, `${part({ alg: 'HS256' })}.${CLAIMS}.${HEX}`,
  `${part({ alg: 'HS256', crit: ['b64'], b64: false })}.${CLAIMS}.AA`, `${part({ alg: 'RS256', kid: '../../key' })}.${CLAIMS}.AA`,
  'z'.repeat(2000),
]; // biome-ignore format: one paragraph of words
const PARTS_MAX = 6;
const HEADS: readonly object[] = [
  { alg: 'HS256' }, { alg: 'HS256', kid: '../../key' }, { alg: 'HS256', crit: ['exp'], exp: 1 }, { alg: 'HS256', crit: [], b64: false },
  { alg: 'HS256', typ: { a: 1 } }, { alg: ['HS256'] }, { alg: 'hs256' }, { alg: 'HS512' }, { alg: 'HS256', zip: 'DEF' }, [],
]; // biome-ignore format: one paragraph of words
const TIMES: readonly unknown[] = [4_000_000_000, 1, -1, 0.5, 1e308, '4000000000', null, [], {}, true];
const LISTS: readonly unknown[] = [
  ['publish', 'play'], 'publish play', ['*'], ['live/*', '//*'], '*'.repeat(500), Array(2000).fill('*a*'), [[['*']]], {}, 1, null, ['\0', ''],
]; // biome-ignore format: one paragraph of words

/** Its signature is right, unless cut or changed at one place. */
function signedJwt(random: Random): string {
  const claims = {
    exp: random.oneOf(TIMES), nbf: random.oneOf([undefined, ...TIMES]), aud: random.oneOf(LISTS), iss: random.oneOf(LISTS),
    actions: random.oneOf(LISTS), streams: random.oneOf(LISTS), __proto__: null,
  }; // biome-ignore format: one paragraph of words
  const body = random.chance(0.1) ? Buffer.from(random.oneOf(['', '[]', 'null', '{', '[[['])) : null;
  const text = `${part(random.oneOf(HEADS))}.${body === null ? part(claims) : body.toString('base64url')}`;
  const jwt = `${text}.${createHmac('sha256', JWT_SECRET).update(text).digest('base64url')}`;
  if (random.chance(0.8)) return jwt;
  const at = random.below(jwt.length);
  return random.chance(0.5)
    ? jwt.slice(0, at)
    : `${jwt.slice(0, at)}${random.oneOf(['A', '.', '%00', '='])}${jwt.slice(at + 1)}`;
}

/** A query as one has it who tries to get past a guard, without its `?`. */
export function awkwardQuery(random: Random): string {
  const parts: string[] = [];
  for (let left = 1 + random.below(PARTS_MAX); left > 0; left -= 1)
    parts.push(
      `${random.oneOf(NAMES)}${random.oneOf(['=', '=', '=', '', '=='])}${random.chance(0.2) ? signedJwt(random) : random.oneOf(VALUES)}`,
    );
  const query = parts.join(random.oneOf(['&', '&', '&', '&&', ';']));
  return random.chance(0.2) ? `${query}&${query}` : query;
}
