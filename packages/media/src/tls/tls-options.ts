import type { PemPair } from './certificate.js';
import type { CertificateFiles } from './certificate-files.js';

/** What TLS is done with on this member. Plain values, so that they reach a worker as they are. */
export interface TlsOptions {
  /** The first one is for clients that name no host, or one that none is for. */
  readonly certificates: readonly CertificateFiles[];
  /** The last pairs that could be used, of the same files in the same order: they count where those cannot be at the start. */
  readonly inUse?: readonly PemPair[];
  /** What other members' pulls are answered with; absent: they pull without TLS. */
  readonly relay?: PemPair;
}
