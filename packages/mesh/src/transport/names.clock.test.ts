import { lookup } from 'node:dns/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { DnsServer } from '@headwater/testing/dns-server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Names, type Resolved } from './names.js';

const NAME = 'mesh.example';
const NO_FILE = join(tmpdir(), 'headwater-no-such-file');

let server: DnsServer;
let names: Names;

const namesThere = (): Names =>
  new Names({ servers: [server.address], hostsFile: NO_FILE, resolvConf: NO_FILE });

/** What the server has sent and was sent so far has arrived. */
async function delivered(): Promise<void> {
  server.answers.set('elsewhere.example', ['10.9.9.9', 'fd00::9']);
  await namesThere().resolve('elsewhere.example');
}

/** How often the server was asked for this name. */
const timesAsked = (name = NAME): number => server.asked.filter((asked) => asked === name).length;

/** Asks for it; what the server answers at once has arrived then. */
async function begin(name = NAME) {
  const before = server.asked6.length;
  const state: { outcome: Resolved | null } = { outcome: null };
  const end = names.resolve(name).then((outcome) => {
    state.outcome = outcome;
    return outcome;
  });
  await awaitCondition('the question', () => server.asked6.length > before);
  await delivered();
  return { state, end };
}

describe('Names, by the clock', () => {
  beforeEach(async () => {
    server = await DnsServer.listen();
    names = namesThere();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await server.close();
  });

  it('waits for IPv4 where IPv6 has answered, and puts it first', async () => {
    server.answers.set(NAME, 'held');
    server.answers6.set(NAME, ['fd00::1']);
    const { state, end } = await begin();
    expect(state.outcome).toBeNull();
    server.answers.set(NAME, ['10.0.0.1']);
    server.letGo();
    expect(await end).toEqual({ addresses: ['10.0.0.1', 'fd00::1'] });
  });

  it.each([
    ['IPv4', ['10.0.0.1'], 'silence' as const],
    ['IPv6', 'silence' as const, ['fd00::1']],
  ])('once %s is known, waits 250 ms for the other family', async (_, answer, answer6) => {
    server.answers.set(NAME, answer);
    server.answers6.set(NAME, answer6);
    const { state, end } = await begin();
    await vi.advanceTimersByTimeAsync(249);
    expect(state.outcome).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(state.outcome).toEqual({
      addresses: [answer, answer6].flat().filter((found) => found !== 'silence'),
    });
    await end;
  });

  it('waits on for the other family where one has no address', async () => {
    server.answers.set(NAME, 'held');
    server.answers6.set(NAME, []);
    const { state, end } = await begin();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(state.outcome).toBeNull();
    server.answers.set(NAME, ['10.0.0.1']);
    server.letGo();
    expect(await end).toEqual({ addresses: ['10.0.0.1'] });
  });

  it('does not wait for IPv6 where IPv4 says that there is no such name', async () => {
    server.answers6.set(NAME, 'silence');
    expect(await names.resolve(NAME)).toEqual({ addresses: [], failure: 'ENOTFOUND' });
  });

  it('believes IPv4 that there is no such name, whatever came of IPv6 before', async () => {
    server.answers.set(NAME, 'held');
    server.answers6.set(NAME, 'SERVFAIL');
    const { end } = await begin();
    server.answers.delete(NAME);
    server.letGo();
    expect(await end).toEqual({ addresses: [], failure: 'ENOTFOUND' });
  });

  it('gives up after 3 s, and then waits apart from that for another 30 s', async () => {
    server.answers.set(NAME, 'held');
    const { state, end } = await begin();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(state.outcome).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(await end).toEqual({ addresses: [], failure: 'ETIMEOUT' });
    await awaitCondition('it to be asked apart', () => timesAsked() === 2);
    const second = await begin();
    await vi.advanceTimersByTimeAsync(3_000);
    await second.end;
    await delivered();
    // Once for who asked now: the other question is still under way.
    expect(timesAsked()).toBe(3);
    await vi.advanceTimersByTimeAsync(27_000);
    const third = await begin();
    await vi.advanceTimersByTimeAsync(3_000);
    await third.end;
    await awaitCondition('it to be asked apart once more', () => timesAsked() === 5);
    server.answers.set(NAME, ['10.0.0.1']);
    server.letGo();
    await awaitCondition('the late answer', () => names.lastGood(NAME).length > 0);
    expect(names.lastGood(NAME)).toEqual(['10.0.0.1']);
  });

  it('goes on with the last good addresses while its server says nothing', async () => {
    server.answers.set(NAME, ['10.0.0.1']);
    await names.resolve(NAME);
    server.answers.set(NAME, 'silence');
    const { end } = await begin();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await end).toEqual({ addresses: ['10.0.0.1'], failure: 'ETIMEOUT' });
  });

  it('gives up sooner where it is told to', async () => {
    names = new Names({ servers: [server.address], hostsFile: NO_FILE, resolvConf: NO_FILE, timeoutMs: 300 });
    server.answers.set(NAME, 'silence');
    const { end } = await begin();
    await vi.advanceTimersByTimeAsync(300);
    expect(await end).toEqual({ addresses: [], failure: 'ETIMEOUT' });
  });

  it('leaves the resolver of the system alone, however many names are never answered', async () => {
    const all = Array.from({ length: 100 }, (_, index) => `never-${index}.example`);
    for (const name of all) server.answers.set(name, 'silence');
    let ended = 0;
    const outcomes = all.map(async (name) => {
      const outcome = await names.resolve(name);
      ended += 1;
      return outcome;
    });
    await awaitCondition('all questions', () => new Set(server.asked).size === all.length);
    await lookup('localhost');
    expect(ended).toBe(0);
    await vi.advanceTimersByTimeAsync(3_000);
    for (const outcome of await Promise.all(outcomes))
      expect(outcome).toEqual({ addresses: [], failure: 'ETIMEOUT' });
  });

  it.each([
    ['an answer', ['10.0.0.1']],
    ['a failure', 'SERVFAIL' as const],
  ])('asks nothing more after %s, and leaves nothing behind', async (_, answer) => {
    server.answers.set(NAME, answer);
    await names.resolve(NAME);
    const asked = timesAsked();
    await delivered();
    expect(timesAsked()).toBe(asked);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks for 128 names at once, the others in their turn, and waits apart for as many', async () => {
    const all = Array.from({ length: 130 }, (_, index) => `origin-${index}.example`);
    for (const name of all) server.answers.set(name, 'held');
    const asked = (): number => new Set(server.asked.filter((name) => name.startsWith('origin-'))).size;
    const outcomes = Promise.all(all.map((name) => names.resolve(name)));
    await awaitCondition('128 questions', () => asked() >= 128);
    await delivered();
    expect(asked()).toBe(128);
    await vi.advanceTimersByTimeAsync(3_000);
    await awaitCondition('the others', () => asked() === 130);
    await delivered();
    await vi.advanceTimersByTimeAsync(3_000);
    for (const outcome of await outcomes) expect(outcome).toEqual({ addresses: [], failure: 'ETIMEOUT' });
    await delivered();
    for (const name of all) server.answers.set(name, ['10.0.0.1']);
    server.letGo();
    const known = (): readonly string[] => all.filter((name) => names.lastGood(name).length > 0);
    await awaitCondition('the late answers', () => known().length >= 128);
    await delivered();
    expect(known()).toEqual(all.slice(0, 128));
    // There is room again for all of them.
    for (const outcome of await Promise.all(all.map((name) => names.resolve(name))))
      expect(outcome).toEqual({ addresses: ['10.0.0.1'] });
    server.answers.set(NAME, ['10.0.0.2']);
    for (let time = 0; time < 3; time += 1)
      expect(await names.resolve(NAME)).toEqual({ addresses: ['10.0.0.2'] });
  });
});
