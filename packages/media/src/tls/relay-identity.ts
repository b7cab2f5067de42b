import { createHash, KeyObject, webcrypto, type X509Certificate } from 'node:crypto';
import type { PemPair } from './certificate.js';

/**
 * What members name as host where they pull by TLS, so that the member answers with its relay certificate, whatever
 * else it is configured with. Nobody else may have such a name (RFC 2606).
 */
export const RELAY_SERVER_NAME = 'relay.headwater.invalid';

export interface RelayIdentity {
  readonly pem: PemPair;
  /** What the member tells of it in its profile. */
  readonly keyHash: string;
}

const DAY_MS = 86_400_000;
/** Nobody looks at its times: whoever pulls compares the key with what the mesh says. */
const LIFE_MS = 3650 * DAY_MS;

/** Makes a key and a certificate for other members' pulls. It lives as long as the process. */
export async function makeRelayIdentity(nowMs: number): Promise<RelayIdentity> {
  // Some 60 ms, which nobody pays who does not need it. It wants the first one to be there before it.
  await import('reflect-metadata');
  const { cryptoProvider, X509CertificateGenerator } = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  cryptoProvider.set(webcrypto);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${RELAY_SERVER_NAME}`,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + LIFE_MS),
    keys,
    signingAlgorithm: algorithm,
  });
  const spki = KeyObject.from(keys.publicKey).export({ type: 'spki', format: 'der' });
  return {
    pem: {
      cert: certificate.toString('pem'),
      key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
    keyHash: hashOf(spki),
  };
}

/** SHA-256 of a certificate's public key (SPKI, DER), in hexadecimal. */
export function keyHashOf({ publicKey }: Pick<X509Certificate, 'publicKey'>): string {
  return hashOf(publicKey.export({ type: 'spki', format: 'der' }));
}

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
