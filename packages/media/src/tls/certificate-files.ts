import { readFile } from 'node:fs/promises';
import {
  type Certificate,
  CertificateError,
  type PemPair,
  readCertificate,
  validityProblem,
} from './certificate.js';

/** One entry of `tls.certificates`. */
export interface CertificateFiles {
  /** PEM: the certificate, then those that lead to its authority. */
  readonly cert: string;
  /** PEM; may be the same file. */
  readonly key: string;
}

/** Far above any chain. */
const FILE_BYTES_MAX = 1024 * 1024;

/** Both texts as they are at the moment. Rejects with `CertificateError`, which names the file. */
export async function readPem({ cert, key }: CertificateFiles): Promise<PemPair> {
  return { cert: await readText(cert), key: await readText(key) };
}

/** Rejects with `CertificateError`, which names the files. */
export async function loadCertificate(files: CertificateFiles): Promise<Certificate> {
  return certificateOf(files, await readPem(files));
}

/** Throws `CertificateError`, which names the files. */
export function certificateOf(files: CertificateFiles, pem: PemPair): Certificate {
  try {
    return readCertificate(pem);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`${filesText(files)}: ${text}`);
  }
}

export const filesText = ({ cert, key }: CertificateFiles): string =>
  cert === key ? cert : `${cert} with ${key}`;

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CertificateError(`${file}: cannot be read (${code ?? message})`);
  }
  if (bytes.length > FILE_BYTES_MAX) throw new CertificateError(`${file}: more than ${FILE_BYTES_MAX} bytes`);
  return bytes.toString('utf8');
}

/** What is wrong with each of them: what prevents a start, and what is worth a word. Never rejects. */
export async function checkCertificates(
  all: readonly CertificateFiles[],
  nowMs: number,
): Promise<{ readonly errors: readonly string[]; readonly warnings: readonly string[] }> {
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const files of all) {
    try {
      const problem = validityProblem(await loadCertificate(files), nowMs);
      if (problem !== null) warnings.push(`${filesText(files)}: ${problem}`);
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { errors, warnings };
}
