import type { Random } from '@headwater/testing/random';

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

/** A query as one has it who tries to get past a guard, without its `?`. */
export function awkwardQuery(random: Random): string {
  const parts: string[] = [];
  for (let left = 1 + random.below(PARTS_MAX); left > 0; left -= 1)
    parts.push(`${random.oneOf(NAMES)}${random.oneOf(['=', '=', '=', '', '=='])}${random.oneOf(VALUES)}`);
  const query = parts.join(random.oneOf(['&', '&', '&', '&&', ';']));
  return random.chance(0.2) ? `${query}&${query}` : query;
}
