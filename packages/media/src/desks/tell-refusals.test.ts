import {
  type Ask,
  type ClientAbout,
  type Guard,
  type GuardedClient,
  OPEN_GUARD,
  type Verdict,
} from '@headwater/guard';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MediaEvent } from '../media-event.js';
import { FLOOD_REASON, tellRefusals } from './tell-refusals.js';

const ABOUT = { id: 'c1', remote: '10.0.0.1:5', protocol: 'rtmp' } as ClientAbout;
const NAME = { vhost: '__defaultVhost__', app: 'live', stream: 's1' };
const ask = (action: Ask['action']): Ask => ({ action, name: NAME, query: '' }) as Ask;

let events: MediaEvent[];
/** What the guard says to each question, and what it was asked. */
let verdict: Verdict | Promise<Verdict>;
let calls: unknown[][];

const noted =
  (name: string, answer: () => unknown = () => undefined) =>
  (...args: unknown[]) => {
    calls.push([name, ...args]);
    return answer();
  };

const refused = (reason: string) => ({ allowed: false, reason, text: 'No.' }) as Verdict;

const guard = (): Guard =>
  ({
    ...OPEN_GUARD,
    proveRelay: noted('proveRelay', () => 'proof'),
    checkRelay: noted('checkRelay', () => 'valid'),
    configure: noted('configure'),
    stop: noted('stop', () => Promise.resolve()),
    client: () =>
      ({
        lets: noted('lets', () => true),
        refuse: noted('refuse', () => refused('origin-foreign')),
        closed: noted('closed'),
        judge: noted('judge', () => verdict),
      }) as unknown as GuardedClient,
  }) as unknown as Guard;

const telling = () => tellRefusals(guard(), (event) => events.push(event));

beforeEach(() => {
  events = [];
  calls = [];
  verdict = { allowed: true } as Verdict;
});

const EVENT = { id: 'c1', key: '__defaultVhost__/live/s1', client: '10.0.0.1:5', protocol: 'rtmp' };

describe('a guard whose refusals are told', () => {
  it('tells each refusal once, of a publish or of a play, whether it answers at once or later', async () => {
    const client = telling().client(ABOUT);
    verdict = refused('denied');
    expect(client.judge(ask('publish'))).toBe(verdict);
    verdict = Promise.resolve(refused('hook-denied'));
    expect(await client.judge(ask('play'))).toEqual(refused('hook-denied'));
    expect(events).toEqual([
      { kind: 'publish-refused', ...EVENT, reason: 'denied' },
      { kind: 'play-refused', ...EVENT, reason: 'hook-denied' },
    ]);
  });

  it('tells of nobody who is let in, nor of who floods', () => {
    const client = telling().client(ABOUT);
    expect(client.judge(ask('play'))).toEqual({ allowed: true });
    verdict = refused(FLOOD_REASON);
    client.judge(ask('play'));
    expect(events).toEqual([]);
  });

  it('refuses a publisher from a page of strangers without judging it, and says so before', () => {
    const foreign = telling().client(ABOUT, true);
    expect(foreign.lets('publish', NAME)).toBe(false);
    expect(foreign.judge(ask('publish'))).toEqual(refused('origin-foreign'));
    expect(calls).toEqual([['refuse', ask('publish'), 'origin-foreign']]);
    expect(events).toEqual([{ kind: 'publish-refused', ...EVENT, reason: 'origin-foreign' }]);
    expect(telling().client(ABOUT).lets('publish', NAME)).toBe(true);
  });

  it('is the guard in all else', async () => {
    const told = telling();
    const client = told.client(ABOUT);
    const [pull, config] = [{ pull: 1 }, { config: 1 }] as never[] as [never, never];
    expect([told.proveRelay(pull), told.checkRelay('q', pull)]).toEqual(['proof', 'valid']);
    told.configure(config);
    await told.stop(500);
    client.refuse(ask('play'), 'token-twice');
    client.closed(7 as never);
    expect(calls).toEqual([
      ['proveRelay', pull],
      ['checkRelay', 'q', pull],
      ['configure', config],
      ['stop', 500],
      ['refuse', ask('play'), 'token-twice'],
      ['closed', 7],
    ]);
    expect(events).toEqual([]);
  });
});
