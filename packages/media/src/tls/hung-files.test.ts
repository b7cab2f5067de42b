import { execFileSync } from 'node:child_process';
import { closeSync, linkSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from '@headwater/testing/certificates';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { expect, it, onTestFinished, vi } from 'vitest';
import { CertificateStore } from './certificate-store.js';

const LOOK_MS = 2000;

it('a disk that hangs is asked once at a time, and keeps no other file from being read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const authority = await TestAuthority.create();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const put = async (name: string): Promise<void> => {
    const { cert, key } = await authority.issue([name]);
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
  };
  await put('a.example');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const store = await CertificateStore.open({ certificates: [files] }, new MemoryLog());
  onTestFinished(() => store.close());

  // Who opens a pipe that nobody writes to hangs, as on a disk that does.
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  rmSync(files.cert);
  linkSync(pipe, files.cert);
  const letGo = (): void => closeSync(openSync(pipe, 'r+'));
  onTestFinished(letGo);
  for (let looks = 0; looks < 30; looks += 1) vi.advanceTimersByTime(LOOK_MS);
  expect(await readFile(files.key, 'utf8')).toBe(store.first?.pem.key);

  rmSync(files.cert);
  await put('b.example');
  await until(() => {
    letGo();
    vi.advanceTimersByTime(LOOK_MS);
    return store.first?.names[0] === 'b.example';
  }, 'it looks again');
});
