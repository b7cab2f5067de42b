import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { DEFAULT_VHOST, plainAddress, streamNameProblem } from '@headwater/directory';
import { scopedName, signedQuery } from '@headwater/guard';
import { HeadwaterError } from '../../errors.js';
import type { Arguments, Command } from '../command.js';
import type { CliIo } from '../io.js';
import { EXIT } from '../io.js';

const UNIT_S = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
/** Longest time for which a URL is signed, s: ten years. */
const FOR_S_MAX = 3650 * UNIT_S.d;
const KEY_VARIABLE = 'HEADWATER_SIGN_KEY';
const KEY_BYTES_MIN = 16;

export const SIGN: Command = {
  name: 'sign',
  operand: 'APP/STREAM',
  summary: 'Print a signed URL, by which one may publish or play where a token rule asks for it.',
  flags: [
    { name: 'publish', meaning: 'For publishing. Either this or --play.' },
    { name: 'play', meaning: 'For playing.' },
    { name: 'for', value: 'TIME', meaning: 'How long it counts: 90s, 30m, 8h, 7d. By default 1h.' },
    { name: 'address', value: 'IP', meaning: 'Only for a client at this address.' },
    { name: 'prefix', meaning: 'For all streams whose names begin so: live/ is the whole app.' },
    { name: 'vhost', value: 'NAME', meaning: 'The vhost of the stream, where it is not the default one.' },
    { name: 'key-file', value: 'FILE', meaning: `The file with the key; else ${KEY_VARIABLE} has it.` },
    {
      name: 'base',
      value: 'URL',
      meaning:
        'Where the member is reached, such as rtmp://live.example.com or http://live.example.com:8080; the whole URL is printed.',
    },
  ],
  notes: [
    'The key is one of those in publish.auth or play.auth. docs/auth.md has the algorithm, for programs of your own.',
    '  headwater sign live/s1 --publish --for 8h --key-file key --base rtmp://live.example.com',
  ],
  async run(given, io) {
    const name = given.positionals[0] ?? '';
    if (given.has('publish') === given.has('play')) throw usage('sign needs either --publish or --play');
    const scope = {
      action: given.has('publish') ? 'publish' : 'play',
      name: signedName(name, given),
      isPrefix: given.has('prefix'),
      expires: Math.floor(io.now() / 1000) + secondsOf(given.value('for') ?? '1h'),
      address: addressOf(given.value('address')),
    } as const;
    const query = signedQuery(scope, await keyOf(given, io));
    io.stdout.write(`${urlOf(name, query, given)}\n`);
    return EXIT.ok;
  },
};

function signedName(name: string, given: Arguments): string {
  const vhost = given.value('vhost') ?? DEFAULT_VHOST;
  const slash = name.lastIndexOf('/');
  const parts = { vhost, app: name.slice(0, Math.max(slash, 0)), stream: name.slice(slash + 1) };
  if (given.has('prefix')) {
    if (name === '' || /[\p{Cc}?#]/u.test(name))
      throw usage('a prefix is the beginning of a name, such as live/');
    return vhost === DEFAULT_VHOST ? name : `//${vhost}/${name}`;
  }
  const problem = slash < 0 ? 'it has no app' : streamNameProblem(parts);
  if (problem !== null)
    throw new HeadwaterError('STREAM_NAME_INVALID', `${JSON.stringify(name)} is no stream: ${problem}`);
  return scopedName(parts);
}

function secondsOf(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNIT_S[unit as keyof typeof UNIT_S] ?? Number.NaN);
  if (!(seconds <= FOR_S_MAX))
    throw usage(`--for ${text} is no time up to 3650d, such as 90s, 30m, 8h or 7d`);
  return seconds;
}

function addressOf(text: string | undefined): string {
  if (text === undefined) return '';
  if (isIP(text) === 0) throw usage(`--address ${text} is no IP address`);
  return plainAddress(text);
}

async function keyOf(given: Arguments, io: CliIo): Promise<string> {
  const file = given.value('key-file');
  const key = (file === undefined ? (io.env[KEY_VARIABLE] ?? '') : await read(file)).trim();
  if (key === '' && file === undefined)
    throw usage(`sign needs a key: give --key-file FILE, or set ${KEY_VARIABLE}`);
  if (Buffer.byteLength(key) < KEY_BYTES_MIN) throw usage(`the key has fewer than ${KEY_BYTES_MIN} bytes`);
  return key;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw usage(`the key file ${file} cannot be read (${code})`);
  }
}

/** Of a prefix the query alone: it goes behind many names. */
function urlOf(name: string, query: string, given: Arguments): string {
  if (given.has('prefix')) return query;
  const vhost = given.value('vhost');
  const all = vhost === undefined ? query : `${query}&vhost=${encodeURIComponent(vhost)}`;
  const path = name.split('/').map(encodeURIComponent).join('/');
  const base = given.value('base')?.replace(/\/+$/, '');
  if (base === undefined) return `${path}?${all}`;
  return /^(https?|wss?):/i.test(base) ? `${base}/${path}.flv?${all}` : `${base}/${path}?${all}`;
}

const usage = (message: string): HeadwaterError =>
  new HeadwaterError('USAGE', message, { hint: 'Run headwater sign --help for what it takes.' });
