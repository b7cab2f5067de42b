import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuietLog } from './quiet-log.js';
import { QUIET_MS } from './repeated-warnings.js';

let lines: { readonly level: string; readonly msg: string; readonly fields: Record<string, unknown> }[];
let nowMs: number;
let log: QuietLog;

beforeEach(() => {
  lines = [];
  nowMs = 0;
  const at = (level: string) => (fields: object, msg: string) =>
    lines.push({ level, msg, fields: fields as Record<string, unknown> });
  log = new QuietLog(
    { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    () => nowMs,
  );
});
afterEach(() => log.close());

/** What people see who do not look at debug lines. */
const seen = () => lines.filter(({ level }) => level !== 'debug');

describe('a warning that repeats', () => {
  it('is told once, then counted, then told when it has ended', () => {
    for (let index = 0; index < 1000; index += 1)
      log.warn(
        { client: '10.0.0.1', protocol: 'rtmp', reason: 'connections-per-address-max' },
        'connection refused',
      );
    expect(seen()).toHaveLength(1);
    expect(lines).toHaveLength(1000);
    nowMs = QUIET_MS;
    log.look();
    expect(seen().at(-1)).toMatchObject({
      level: 'warn',
      msg: 'warning ended',
      fields: { warning: 'connection refused', client: '10.0.0.1', count: 1000 },
    });
  });

  it('is told once for all clients where the member is full, once for each that takes too much', () => {
    for (const client of ['10.0.0.1', '10.0.0.2', '::1', '::2']) {
      log.warn({ client, protocol: 'rtmp', reason: 'connections-max' }, 'connection refused');
      log.warn({ client, protocol: 'rtmp', reason: 'workers-not-ready' }, 'connection refused');
      log.warn({ client, protocol: 'rtmp', reason: 'connections-per-address-max' }, 'connection refused');
    }
    expect(seen().map(({ fields }) => `${fields.reason} ${fields.client}`)).toEqual([
      'connections-max 10.0.0.1',
      'workers-not-ready 10.0.0.1',
      'connections-per-address-max 10.0.0.1',
      'connections-per-address-max 10.0.0.2',
      'connections-per-address-max ::1',
      'connections-per-address-max ::2',
    ]);
  });

  it.each([
    ['10.0.0.1', '10.0.0.1', '10.0.0.1:40001', '10.0.0.1:40002'],
    ['[2001:db8::1]', '[2001:db8::1]', '[2001:db8::1]:40001', '[2001:db8::1]:40002'],
    ['2001:db8::1', '2001:db8::1', '2001:db8::1', '2001:db8::1'],
  ])('of %s is one, whichever port its client comes from', (_, about, ...clients) => {
    for (const msg of ['connection refused', 'pull not believed'])
      for (const client of clients)
        log.warn({ client, protocol: 'rtmp', reason: 'proxy-header-invalid' }, msg);
    expect(seen()).toHaveLength(2);
    nowMs = QUIET_MS;
    log.look();
    expect(seen().slice(2)).toMatchObject([
      { fields: { warning: 'connection refused', client: about, count: clients.length } },
      { fields: { warning: 'pull not believed', client: about, count: clients.length } },
    ]);
  });

  it('of a seed is one, whatever reason is given in turn, until the seed is reached', () => {
    for (const reason of ['connection refused', 'no answer', 'connection refused', 'no answer']) {
      log.warn({ seed: 'a:1', reason }, 'seed not reached');
      nowMs += QUIET_MS;
      log.look();
    }
    log.info({ seed: 'b:1' }, 'seed reached');
    log.info({ seed: 'a:1' }, 'seed reached');
    log.warn({ seed: 'a:1', reason: 'no answer' }, 'seed not reached');
    expect(seen().map(({ msg, fields }) => `${msg} ${fields.seed} ${fields.warnings ?? ''}`.trim())).toEqual([
      'seed not reached a:1',
      'seed reached b:1',
      'seed reached a:1 4',
      'seed not reached a:1',
    ]);
  });

  it('of one client counts whatever port it comes from', () => {
    for (const port of [1, 2, 3])
      log.warn(
        { key: 'v/a/s', client: `10.0.0.1:${port}`, protocol: 'ws-flv' },
        'publisher broke the protocol',
      );
    expect(seen()).toHaveLength(1);
  });

  it('says at the end of the log what was counted', () => {
    for (let index = 0; index < 3; index += 1) log.warn({}, 'this member stood still');
    log.close();
    expect(seen().at(-1)).toMatchObject({ msg: 'warning ended', fields: { count: 3 } });
  });
});

it('tells each death, and some changes of what goes to and fro', () => {
  for (let index = 0; index < 30; index += 1) {
    log.warn({ member: 'b' }, 'member dead');
    log.warn({ member: 'b' }, 'member suspect');
  }
  expect(seen().filter(({ msg }) => msg === 'member dead')).toHaveLength(30);
  expect(seen().filter(({ msg }) => msg === 'member suspect')).toHaveLength(10);
});

it('takes a hook that gives no answer for one trouble for each event, whoever it was asked about', () => {
  for (let index = 0; index < 30; index += 1) {
    const about = { client: `10.0.0.${index}:4711`, key: `v/live/s${index}`, reason: 'ECONNREFUSED' };
    log.warn({ hook: 'on_play', ...about }, 'hook gave no answer');
    log.warn({ hook: 'on_stop', ...about }, 'hook not told of an end yet');
  }
  expect(seen()).toHaveLength(2);
  log.close();
  expect(seen().slice(2)).toMatchObject([
    { fields: { warning: 'hook gave no answer', hook: 'on_play', count: 30 } },
    { fields: { warning: 'hook not told of an end yet', hook: 'on_stop', count: 30 } },
  ]);
});

it('counts how often a member at its limit is full and has room again, once both were told some times', () => {
  for (let index = 0; index < 30; index += 1) {
    log.warn({ connections: index }, 'member full');
    log.warn({ connections: index }, 'member has room again');
  }
  expect(seen()).toHaveLength(20);
  log.close();
  expect(seen().slice(20)).toMatchObject([
    { msg: 'warning ended', fields: { warning: 'member full', count: 30 } },
    { msg: 'warning ended', fields: { warning: 'member has room again', count: 30 } },
  ]);
});

it('takes a fault of ours for one trouble, whoever runs into it', () => {
  const err = new TypeError('planted');
  for (let index = 0; index < 30; index += 1)
    log.error({ client: `10.0.0.${index}:1`, protocol: 'rtmp', err }, 'connection ended by a fault');
  log.error(
    { client: '10.0.0.1:1', protocol: 'rtmp', err: new TypeError('planted') },
    'connection ended by a fault',
  );
  expect(seen()).toHaveLength(11);
  log.close();
  expect(seen().at(-1)).toMatchObject({
    fields: {
      warning: 'connection ended by a fault',
      count: 30,
      place: expect.stringContaining('quiet-log.test'),
    },
  });
});
