import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from '../rules/rule-config.js';

/** A key with the one algorithm that it verifies: a public key is never taken for a secret. */
export interface JwtKey {
  readonly algorithm: JwtAlgorithm;
  readonly key: KeyObject;
  /** Of a JWKS; absent: it may be meant by any `kid`. */
  readonly kid?: string;
}

/** Shortest secret of HS256, bytes (RFC 7518, 3.2). */
const SECRET_BYTES_MIN = 32;
/** Shortest modulus of RS256, bits (RFC 7518, 3.3). */
const RSA_BITS_MIN = 2048;
/** Most keys of one JWKS that are looked at. */
const JWKS_KEYS_MAX = 64;

/** A secret or a public key in PEM; the problem as a sentence, which holds nothing of it. */
export function readJwtKey(text: string): JwtKey | { readonly problem: string } {
  if (!text.includes('-----BEGIN')) {
    if (Buffer.byteLength(text) < SECRET_BYTES_MIN)
      return { problem: `a secret of HS256 has at least ${SECRET_BYTES_MIN} bytes` };
    return { algorithm: 'HS256', key: createSecretKey(text, 'utf8') };
  }
  if (text.includes('PRIVATE KEY')) return { problem: 'a private key; only the public one is needed here' };
  try {
    return publicKey(createPublicKey(text));
  } catch {
    return { problem: 'no PEM of a public key that can be read' };
  }
}

function publicKey(key: KeyObject): JwtKey | { readonly problem: string } {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  switch (type) {
    case 'rsa':
      return (details?.modulusLength ?? 0) < RSA_BITS_MIN
        ? { problem: `a key of RS256 has at least ${RSA_BITS_MIN} bits` }
        : { algorithm: 'RS256', key };
    case 'ec':
      return details?.namedCurve === 'prime256v1'
        ? { algorithm: 'ES256', key }
        : { problem: 'a key of ES256 is on the curve P-256' };
    case 'ed25519':
      return { algorithm: 'EdDSA', key };
    default:
      return { problem: `a key of ${type}, expected RSA, EC P-256 or Ed25519` };
  }
}

/**
 * The keys of a JWKS (RFC 7517) that can verify; null where it is none. Secrets count only where `takesSecrets`. Keys for
 * other uses, of other kinds, or that are none, are left out.
 */
export function readJwks(text: string, takesSecrets: boolean): readonly JwtKey[] | null {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) return null;
  return set.keys.slice(0, JWKS_KEYS_MAX).flatMap((jwk: unknown) => {
    const key = typeof jwk === 'object' && jwk !== null ? readJwk(jwk as JsonWebKey, takesSecrets) : null;
    return key === null ? [] : [key];
  });
}

function readJwk(jwk: JsonWebKey, takesSecrets: boolean): JwtKey | null {
  if (jwk.use !== undefined && jwk.use !== 'sig') return null;
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
    return null;
  const kid = typeof jwk.kid === 'string' ? { kid: jwk.kid } : {};
  try {
    if (jwk.kty === 'oct') {
      const secret = typeof jwk.k === 'string' ? Buffer.from(jwk.k, 'base64url') : Buffer.alloc(0);
      if (!takesSecrets || secret.length < SECRET_BYTES_MIN) return null;
      return { algorithm: 'HS256', key: createSecretKey(secret), ...kid };
    }
    const read = publicKey(createPublicKey({ key: jwk, format: 'jwk' }));
    if ('problem' in read) return null;
    const isNamed = jwk.alg === undefined || jwk.alg === read.algorithm || jwk.alg === 'Ed25519';
    return isNamed ? { ...read, ...kid } : null;
  } catch {
    return null;
  }
}
