import { KeyObject, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** Texts in PEM. */
export interface TestPair {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Unix ms; default: a day ago. */
  readonly notBeforeMs?: number;
  /** Unix ms; default: in a year. */
  readonly notAfterMs?: number;
}

/** An authority that tests trust, and what it issues. */
export class TestAuthority {
  /** Its own certificate in PEM. */
  readonly cert: string;
  readonly #certificate: X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  #serial = 1;

  private constructor(certificate: X509Certificate, key: webcrypto.CryptoKey) {
    this.cert = certificate.toString('pem');
    this.#certificate = certificate;
    this.#key = key;
  }

  static async create(): Promise<TestAuthority> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=Headwater test authority',
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 365 * DAY_MS),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    });
    return new TestAuthority(certificate, keys.privateKey);
  }

  /** A certificate for these names, which may be IP addresses or have a wildcard. */
  async issue(
    names: readonly string[],
    { notBeforeMs = Date.now() - DAY_MS, notAfterMs = Date.now() + 365 * DAY_MS }: IssueOptions = {},
  ): Promise<TestPair> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    this.#serial += 1;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: this.#serial.toString(16).padStart(2, '0'),
      subject: `CN=${names[0] ?? 'nobody'}`,
      issuer: this.#certificate.subject,
      notBefore: new Date(notBeforeMs),
      notAfter: new Date(notAfterMs),
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new SubjectAlternativeNameExtension(
          names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value })),
        ),
      ],
    });
    return {
      cert: certificate.toString('pem'),
      key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }
}
