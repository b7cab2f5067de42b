import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { BroadcastMessage, DirectMessage } from '../../core/messages.js';
import { encode } from '../codec.js';
import { Sealer } from '../envelope.js';
import { encodeQuery } from '../query-codec.js';
import { BROADCAST_EXAMPLES, DIRECT_EXAMPLES } from './example-messages.js';
import { QUERY_EXAMPLES } from './example-queries.js';

/**
 * Messages as one release wrote them, kept for ever: `golden/RELEASE.json`. Each later release must read them to the same
 * meaning. How a release gets its file: docs/wire.md.
 */

export interface GoldenMessage {
  readonly name: string;
  /** `signed`: a broadcast in its envelope, signed with `GOLDEN_KEY`. `query`: on a query stream, without its length. */
  readonly channel: 'direct' | 'broadcast' | 'signed' | 'query';
  /** Hexadecimal. */
  readonly bytes: string;
  /** As JSON: bytes are `{"bytes": HEX}`. */
  readonly meaning: unknown;
}

export interface Golden {
  readonly release: string;
  readonly messages: readonly GoldenMessage[];
}

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The author of what is signed: an Ed25519 key from a seed that everybody knows (RFC 8410, RFC 8032: 32 bytes). */
export const GOLDEN_KEY = createPrivateKey({
  key: Buffer.concat([PKCS8_PREFIX, Buffer.from('headwater golden messages: seed.')]),
  format: 'der',
  type: 'pkcs8',
});

const publicKeyBytes = Buffer.from(
  createPublicKey(GOLDEN_KEY).export({ format: 'jwk' }).x ?? '',
  'base64url',
);

export const goldenSealer = (): Sealer => new Sealer(GOLDEN_KEY, publicKeyBytes);

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What JSON has no form for, in the form that golden files have. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: hexOf(value) };
  if (Array.isArray(value)) return value.map(toJson);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toJson(one)]));
}

/** All examples as the code of today writes them. */
export function goldenMessages(): readonly GoldenMessage[] {
  const sealer = goldenSealer();
  const of = <T>(
    channel: GoldenMessage['channel'],
    examples: Readonly<Record<string, T>>,
    write: (message: T) => Uint8Array,
  ): GoldenMessage[] =>
    Object.entries(examples).map(([name, message]) => ({
      name,
      channel,
      bytes: hexOf(write(message)),
      meaning: toJson(message),
    }));
  return [
    ...of<DirectMessage>('direct', DIRECT_EXAMPLES, encode),
    ...of<BroadcastMessage>('broadcast', BROADCAST_EXAMPLES, encode),
    ...of<BroadcastMessage>('signed', BROADCAST_EXAMPLES, (message) => sealer.seal(encode(message))),
    ...of('query', QUERY_EXAMPLES, encodeQuery),
  ];
}
