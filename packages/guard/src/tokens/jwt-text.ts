import type { ClientAbout } from '../ask.js';
import { Parameters } from './parameters.js';

/** Longest JWT that is looked at, characters. */
export const JWT_LENGTH_MAX = 8192;
const JWT_FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * The JWT that came with an ask: `jwt=` or `token=` of the query, `Authorization: Bearer`, else the password (or the user)
 * of HTTP Basic, of the tcUrl, or of `user=` and `pass=` in the query.
 */
export function jwtOf(
  query: string,
  client: Pick<ClientAbout, 'connectQuery' | 'authorization' | 'user' | 'password'>,
): { readonly jwt: string } | 'none' | 'twice' | 'form' {
  const parameters = new Parameters(query, client.connectQuery);
  const named = [parameters.get('jwt'), parameters.get('token')];
  if (named.some(({ kind }) => kind === 'twice')) return 'twice';
  const texts = named.flatMap((parameter) => (parameter.kind === 'one' ? [parameter.value] : []));
  const { authorization = '' } = client;
  const bearer = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (bearer !== undefined) texts.push(bearer);
  if (texts.length > 1) return 'twice';
  const [text] = texts;
  if (text !== undefined) return isJwt(text) ? { jwt: text } : 'form';
  // Who has a user and password for something else is not told that its password is no JWT.
  const words = [
    ...basicOf(authorization),
    client.password,
    client.user,
    parameterOf(parameters, 'pass'),
    parameterOf(parameters, 'password'),
    parameterOf(parameters, 'user'),
  ];
  const found = words.find((word) => word !== undefined && isJwt(word));
  return found === undefined ? 'none' : { jwt: found };
}

const isJwt = (text: string): boolean => text.length <= JWT_LENGTH_MAX && JWT_FORM.test(text);

function parameterOf(parameters: Parameters, name: string): string | undefined {
  const parameter = parameters.get(name);
  return parameter.kind === 'one' ? parameter.value : undefined;
}

/** Password, then user. */
function basicOf(authorization: string): readonly string[] {
  const encoded = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [text] : [text.slice(colon + 1), text.slice(0, colon)];
}
