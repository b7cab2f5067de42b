import { isHost } from '@headwater/directory';
import type { MediaLog } from '../media-log.js';
import { type Certificate, type PemPair, readCertificate, validityProblem } from './certificate.js';
import {
  type CertificateFiles,
  certificateOf,
  filesText,
  loadCertificate,
  readPem,
} from './certificate-files.js';
import { RELAY_SERVER_NAME } from './relay-identity.js';
import type { TlsOptions } from './tls-options.js';

/** How often the files are looked at, ms. */
const LOOK_MS = 2000;
/** How often it is looked whether a certificate has expired, ms. */
const VALIDITY_MS = 3_600_000;

interface Kept {
  readonly files: CertificateFiles;
  certificate: Certificate;
  /** What was last found in the files and not taken, so that it is told once. */
  refused: string;
}

/**
 * The certificates in use. Files are read again when they change, for new connections alone. What cannot be used, such as
 * a file that is half written or whose key is not there yet, leaves the old pair in use, and is told once.
 */
export class CertificateStore {
  #kept: readonly Kept[];
  readonly #relay: Certificate | null;
  readonly #log: MediaLog;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #listeners = new Set<() => void>();
  #isLooking = false;

  private constructor(kept: readonly Kept[], relay: Certificate | null, log: MediaLog) {
    this.#kept = kept;
    this.#relay = relay;
    this.#log = log;
    this.#tellValidity();
    this.#timers = [
      setInterval(() => void this.#look(), LOOK_MS).unref(),
      setInterval(() => this.#tellValidity(), VALIDITY_MS).unref(),
    ];
  }

  /** Rejects with `CertificateError` where one cannot be used: nobody shall find that out from clients. */
  static async open(
    { certificates, inUse = [], relay }: TlsOptions,
    log: MediaLog,
  ): Promise<CertificateStore> {
    const kept = await Promise.all(
      certificates.map(async (files, index) => {
        const pem = inUse[index];
        const certificate = await loadCertificate(files).catch((error: unknown) => {
          if (pem === undefined) throw error;
          return certificateOf(files, pem);
        });
        return { files, certificate, refused: '' };
      }),
    );
    return new CertificateStore(kept, relay === undefined ? null : readCertificate(relay), log);
  }

  /** For clients that name no host. */
  get first(): Certificate | null {
    return this.#kept[0]?.certificate ?? null;
  }

  /** What is in use of each of the files, in their order. */
  get inUse(): readonly PemPair[] {
    return this.#kept.map(({ certificate }) => certificate.pem);
  }

  /** For a client that names this host; null: `first` is all there is. A name of its own goes before a wildcard. */
  pick(serverName: string): Certificate | null {
    if (this.#relay !== null && serverName === RELAY_SERVER_NAME) return this.#relay;
    if (!isHost(serverName)) return null;
    const all = this.#kept.map(({ certificate }) => certificate);
    return (
      all.find((certificate) => certificate.isFor(serverName, false)) ??
      all.find((certificate) => certificate.isFor(serverName, true)) ??
      null
    );
  }

  /** Called after each change. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Reads the files again now. True where all that they hold is in use. Never rejects. */
  async reload(): Promise<boolean> {
    const results = await Promise.all(this.#kept.map((kept) => this.#reloadOne(kept)));
    if (results.includes('changed')) for (const listener of this.#listeners) listener();
    return !results.includes('refused');
  }

  /**
   * Other files from now on, for new connections alone; those that were in use already are read anew by `reload`. Rejects
   * with `CertificateError`, and then nothing changes.
   */
  async replace(certificates: readonly CertificateFiles[]): Promise<void> {
    const before = new Map(this.#kept.map((kept) => [filesText(kept.files), kept]));
    this.#kept = await Promise.all(
      certificates.map(
        async (files): Promise<Kept> =>
          before.get(filesText(files)) ?? {
            files,
            certificate: await loadCertificate(files),
            refused: '',
          },
      ),
    );
    await this.reload();
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#listeners.clear();
  }

  /** One look at a time: on a disk that hangs each would keep a thread that all of the process reads files with. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.reload();
    } finally {
      this.#isLooking = false;
    }
  }

  async #reloadOne(kept: Kept): Promise<'same' | 'changed' | 'refused'> {
    const { files } = kept;
    try {
      const pem = await readPem(files);
      const { cert, key } = kept.certificate.pem;
      if (pem.cert === cert && pem.key === key) {
        kept.refused = '';
        return 'same';
      }
      const certificate = certificateOf(files, pem);
      kept.certificate = certificate;
      kept.refused = '';
      const { names, notAfterMs } = certificate;
      this.#log.info(
        { files: filesText(files), names, notAfter: new Date(notAfterMs).toISOString() },
        'certificate reloaded',
      );
      this.#tellValidity();
      return 'changed';
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== kept.refused)
        this.#log.error(
          { files: filesText(files), text },
          'certificate not usable, the one before stays in use',
        );
      kept.refused = text;
      return 'refused';
    }
  }

  #tellValidity(): void {
    for (const { files, certificate } of this.#kept) {
      const problem = validityProblem(certificate, Date.now());
      if (problem !== null)
        this.#log.warn(
          { files: filesText(files), names: certificate.names, problem },
          'certificate needs attention',
        );
    }
  }
}
