import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority, type TestPair } from '@headwater/testing/certificates';
import { MemoryLog } from '@headwater/testing/memory-log';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkCertificates } from './certificate-files.js';
import { CertificateStore } from './certificate-store.js';

const DAY_MS = 86_400_000;
let folder: string;
let authority: TestAuthority;
let log: MemoryLog;
let store: CertificateStore | null = null;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-tls-'));
  authority = await TestAuthority.create();
  log = new MemoryLog();
});
afterEach(() => {
  store?.close();
  store = null;
  rmSync(folder, { recursive: true });
});

const files = (name: string) => ({ cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) });

function write(name: string, { cert, key }: TestPair) {
  const paths = files(name);
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, key);
  return paths;
}

async function open(...names: string[][]): Promise<CertificateStore> {
  const certificates = [];
  for (const [index, list] of names.entries())
    certificates.push(write(`${index}`, await authority.issue(list)));
  store = await CertificateStore.open({ certificates }, log);
  return store;
}

describe('which certificate answers', () => {
  it('is that for the very name, else one with a wildcard, else none of its own', async () => {
    const all = await open(['first.example'], ['*.example.com'], ['live.example.com', '192.0.2.7']);
    const picked = (name: string) => all.pick(name)?.names[0] ?? null;
    expect(picked('live.example.com')).toBe('live.example.com');
    expect(picked('LIVE.example.com')).toBe('live.example.com');
    expect(picked('other.example.com')).toBe('*.example.com');
    expect(picked('deep.other.example.com')).toBeNull();
    expect(picked('example.com')).toBeNull();
    expect(picked('nobody.example')).toBeNull();
    expect(all.first?.names).toEqual(['first.example']);
  });

  it.each(['', '\0', 'a'.repeat(300), '*.example.com', 'live.example.com\0.evil', 'ü.example.com'])(
    'is none for %j, which is no name',
    async (name) => {
      expect((await open(['live.example.com'])).pick(name)).toBeNull();
    },
  );
});

describe('when files change', () => {
  it('the new pair is used, and whoever listens hears of it', async () => {
    const all = await open(['a.example']);
    let changes = 0;
    all.onChange(() => {
      changes += 1;
    });
    write('0', await authority.issue(['b.example']));
    expect(await all.reload()).toBe(true);
    expect([all.first?.names, changes]).toEqual([['b.example'], 1]);
    await all.reload();
    expect(changes).toBe(1);
    expect(log.of('certificate reloaded')).toHaveLength(1);
  });

  it('a file that is half written, gone, or whose key is not there yet leaves the old pair, and is told once', async () => {
    const all = await open(['a.example']);
    const next = await authority.issue(['b.example']);
    const { cert, key } = files('0');
    const states: (() => void)[] = [
      () => writeFileSync(cert, next.cert.slice(0, next.cert.length / 2)),
      () => writeFileSync(cert, ''),
      () => unlinkSync(cert),
      () => writeFileSync(cert, next.cert),
    ];
    for (const [index, state] of states.entries()) {
      state();
      expect(await all.reload()).toBe(false);
      expect(await all.reload()).toBe(false);
      expect(all.first?.names).toEqual(['a.example']);
      expect(log.of('certificate not usable, the one before stays in use').length).toBeGreaterThan(index / 2);
    }
    const told = log.of('certificate not usable, the one before stays in use').map(({ text }) => text);
    expect(new Set(told).size).toBe(told.length);
    writeFileSync(key, next.key);
    expect(await all.reload()).toBe(true);
    expect(all.first?.names).toEqual(['b.example']);
  });

  it('links that are set anew count too, as Kubernetes and certbot do it', async () => {
    const one = write('one', await authority.issue(['a.example']));
    const two = write('two', await authority.issue(['b.example']));
    const link = { cert: join(folder, 'live.pem'), key: join(folder, 'live.key') };
    for (const kind of ['cert', 'key'] as const) symlinkSync(one[kind], link[kind]);
    store = await CertificateStore.open({ certificates: [link] }, log);
    for (const kind of ['cert', 'key'] as const) {
      unlinkSync(link[kind]);
      symlinkSync(two[kind], link[kind]);
    }
    await store.reload();
    expect(store.first?.names).toEqual(['b.example']);
  });
});

describe('when the list of files changes', () => {
  it('the new list is used, those that stay are read anew, and a wrong one changes nothing', async () => {
    const all = await open(['a.example']);
    let changes = 0;
    all.onChange(() => {
      changes += 1;
    });
    const other = write('other', await authority.issue(['c.example']));
    write('0', await authority.issue(['b.example']));
    await all.replace([files('0'), other]);
    expect([all.first?.names, all.pick('c.example')?.names]).toEqual([['b.example'], ['c.example']]);
    expect(changes).toBeGreaterThan(0);
    await expect(all.replace([files('missing')])).rejects.toThrow('missing.pem');
    expect(all.first?.names).toEqual(['b.example']);
    await all.replace([other]);
    expect([all.first?.names, all.pick('b.example')]).toEqual([['c.example'], null]);
  });
});

describe('what is wrong with a pair', () => {
  it('is said with the file', async () => {
    const a = await authority.issue(['a.example']);
    const b = await authority.issue(['b.example']);
    const sound = write('sound', a);
    const wrong = write('wrong', { cert: a.cert, key: b.key });
    const rubbish = write('rubbish', { cert: 'no PEM', key: a.key });
    const noKey = write('no-key', { cert: a.cert, key: 'no PEM' });
    const locked = write('locked', {
      cert: a.cert,
      key: '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n-----END ENCRYPTED PRIVATE KEY-----\n',
    });
    const missing = files('missing');
    const all = [sound, wrong, rubbish, noKey, locked, missing];
    const { errors, warnings } = await checkCertificates(all, Date.now());
    expect(warnings).toEqual([]);
    const texts = errors.map((error) => error.replaceAll(`${folder}/`, ''));
    expect(texts).toEqual([
      'wrong.pem with wrong.key: the key belongs to another certificate than the first one in the file',
      expect.stringMatching(/^rubbish\.pem with rubbish\.key: the certificate is no PEM that can be read \(/),
      expect.stringMatching(/^no-key\.pem with no-key\.key: the key is no PEM that can be read \(/),
      expect.stringMatching(/^locked\.pem with locked\.key: the key is under a passphrase/),
      'missing.pem: cannot be read (ENOENT)',
    ]);
    await expect(CertificateStore.open({ certificates: [sound, wrong] }, log)).rejects.toThrow(
      'the key belongs to another certificate',
    );
  });

  it('is a warning where it is its time', async () => {
    const now = Date.now();
    const old = write('old', await authority.issue(['a.example'], { notAfterMs: now - DAY_MS }));
    const early = write('early', await authority.issue(['a.example'], { notBeforeMs: now + DAY_MS }));
    const soon = write('soon', await authority.issue(['a.example'], { notAfterMs: now + DAY_MS }));
    const { errors, warnings } = await checkCertificates([old, early, soon], now);
    expect(errors).toEqual([]);
    expect(warnings.map((text) => text.replace(/^.*: /, ''))).toEqual([
      expect.stringMatching(/^it expired at .*; clients refuse it$/),
      expect.stringMatching(/^it is not valid before .*; clients refuse it$/),
      expect.stringMatching(/^it expires at /),
    ]);
    store = await CertificateStore.open({ certificates: [old, early] }, log);
    expect(log.of('certificate needs attention')).toHaveLength(2);
  });
});

it('begins with what was in use before, where the files cannot be used', async () => {
  const before = await open(['first.example'], ['second.example']);
  const certificates = [files('0'), files('1')];
  unlinkSync(files('0').key);
  writeFileSync(files('1').cert, 'half of');
  const { inUse } = before;
  const anew = await CertificateStore.open({ certificates, inUse }, log);
  expect(anew.first?.names).toEqual(['first.example']);
  expect(anew.pick('second.example')?.names).toEqual(['second.example']);
  expect(await anew.reload()).toBe(false);
  const other = write('1', await authority.issue(['third.example']));
  await anew.reload();
  expect(anew.pick('third.example')?.names).toEqual(['third.example']);
  anew.close();
  await expect(CertificateStore.open({ certificates: [files('0'), other] }, log)).rejects.toThrow(/ENOENT/);
});
