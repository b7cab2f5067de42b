import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';

/** A certificate with its key, as texts in PEM. A chain begins with the server's own. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificate {
  readonly pem: PemPair;
  readonly context: SecureContext;
  /** Host names and addresses that it is for, as it tells them. */
  readonly names: readonly string[];
  /** Unix ms. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Whether it is for this host; `wildcards`: also by a name such as `*.example.com`. */
  isFor(host: string, wildcards: boolean): boolean;
}

/** Older versions are broken (RFC 8996). */
export const TLS_VERSION_MIN = 'TLSv1.2';

/** A pair that cannot be used: the message says why. */
export class CertificateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CertificateError';
  }
}

/** Throws `CertificateError`. Says nothing of times: see `validityProblem`. */
export function readCertificate(pem: PemPair): Certificate {
  const x509 = attempt(() => new X509Certificate(pem.cert), 'the certificate is no PEM that can be read');
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem.key))
    throw new CertificateError(
      'the key is under a passphrase; give it without one, in a file that others cannot read',
    );
  const key = attempt(() => createPrivateKey(pem.key), 'the key is no PEM that can be read');
  if (!x509.checkPrivateKey(key))
    throw new CertificateError('the key belongs to another certificate than the first one in the file');
  const context = attempt(
    () => createSecureContext({ ...pem, minVersion: TLS_VERSION_MIN }),
    'TLS takes no such certificate or key',
  );
  return {
    pem,
    context,
    names: (x509.subjectAltName ?? x509.subject)
      .split(/,\s*|\n/)
      .map((name) => name.replace(/^(DNS|IP Address|CN)[:=]/, '')),
    notBeforeMs: Date.parse(x509.validFrom),
    notAfterMs: Date.parse(x509.validTo),
    isFor: (host, wildcards) =>
      (isIP(host) === 0 ? x509.checkHost(host, { wildcards }) : x509.checkIP(host)) !== undefined,
  };
}

/** How long before its end people are told, ms. */
const EXPIRES_SOON_MS = 14 * 86_400_000;

/** What is wrong with a certificate's times; null where nothing is. It is used all the same. */
export function validityProblem(
  { notBeforeMs, notAfterMs }: Pick<Certificate, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
): string | null {
  const day = (ms: number) => new Date(ms).toISOString();
  if (nowMs > notAfterMs) return `it expired at ${day(notAfterMs)}; clients refuse it`;
  if (nowMs < notBeforeMs) return `it is not valid before ${day(notBeforeMs)}; clients refuse it`;
  if (nowMs > notAfterMs - EXPIRES_SOON_MS) return `it expires at ${day(notAfterMs)}`;
  return null;
}

function attempt<T>(run: () => T, problem: string): T {
  try {
    return run();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`${problem} (${text})`);
  }
}
