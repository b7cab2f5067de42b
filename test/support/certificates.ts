import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestAuthority } from '@headwater/testing/certificates';
import type { Scope } from './scope.js';
import { scratchFolder } from './scratch-folder.js';

/** Certificates in files, as servers and clients of tests take them. */
export interface CertificateFolder {
  /** The authority's certificate, for clients. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Certificate and key in one file, as HAProxy takes them. */
  readonly both: string;
  /** As an entry of `tls.certificates`. */
  readonly entry: string;
}

/** One certificate for these names. */
export async function certificateFolder(
  scope: Scope,
  names = ['localhost', '127.0.0.1'],
): Promise<CertificateFolder> {
  const folder = scratchFolder(scope, 'tls');
  const authority = await TestAuthority.create();
  const { cert, key } = await authority.issue(names);
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const files = { cert: write('cert.pem', cert), key: write('key.pem', key) };
  return {
    ...files,
    ca: write('ca.pem', authority.cert),
    both: write('both.pem', `${cert}\n${key}`),
    entry: `${files.cert}:${files.key}`,
  };
}
