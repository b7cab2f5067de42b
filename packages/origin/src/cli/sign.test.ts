import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signedQuery } from '@headwater/guard';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryIo } from './memory-io.fixture.js';
import { runCli } from './run-cli.js';

const KEY = 'a-key-that-signs-urls';
const folder = mkdtempSync(join(tmpdir(), 'headwater-sign-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sign = async (words: string, env: Record<string, string> = { HEADWATER_SIGN_KEY: KEY }) => {
  const io = memoryIo({ env });
  const status = await runCli(['sign', ...words.split(' ')], io);
  return { status, out: io.out().trimEnd(), err: io.err() };
};
/** The clock of `memoryIo` stands at 1000 s. */
const query = (more: Partial<Parameters<typeof signedQuery>[0]>): string =>
  signedQuery(
    { action: 'publish', name: 'live/s1', isPrefix: false, expires: 1000 + 3600, address: '', ...more },
    KEY,
  );

describe('headwater sign', () => {
  it.each([
    ['live/s1 --publish', `live/s1?${query({})}`],
    ['live/s1 --play --for 8h', `live/s1?${query({ action: 'play', expires: 29_800 })}`],
    ['live/s1 --publish --for 90s --base rtmp://h', `rtmp://h/live/s1?${query({ expires: 1090 })}`],
    ['live/s1 --publish --base https://h/', `https://h/live/s1.flv?${query({})}`],
    ['live/s1 --publish --address 2001:db8::1', `live/s1?${query({ address: '2001:db8::1' })}`],
    ['live/ --publish --prefix', query({ name: 'live/', isPrefix: true })],
    [
      'live/s1 --publish --vhost v.example',
      `live/s1?${query({ name: '//v.example/live/s1' })}&vhost=v.example`,
    ],
  ])('%s', async (words, out) => {
    expect(await sign(words)).toEqual({ status: 0, out, err: '' });
  });

  it('reads its key from a file', async () => {
    const file = join(folder, 'key');
    writeFileSync(file, `${KEY}\n`);
    expect(await sign(`live/s1 --publish --key-file ${file}`, {})).toMatchObject({
      out: `live/s1?${query({})}`,
    });
  });

  it.each([
    'live/s1',
    'live/s1 --publish --play',
    's1 --publish',
    'live/s?1 --publish',
    'live/s1 --publish --for 8',
    'live/s1 --publish --for 9999d',
    'live/s1 --publish --for 0h',
    'live/s1 --publish --address here',
    'live/s1 --publish --key-file /no/such/file',
  ])('refuses %s, in words', async (words) => {
    const { status, out, err } = await sign(words);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^error (USAGE|STREAM_NAME_INVALID) /);
    expect(err).not.toContain(KEY);
  });

  it('needs a key', async () => {
    expect((await sign('live/s1 --publish', {})).err).toContain('HEADWATER_SIGN_KEY');
    expect((await sign('live/s1 --publish', { HEADWATER_SIGN_KEY: 'short' })).status).toBe(2);
  });
});
