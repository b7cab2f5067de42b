import { afterEach, describe, expect, it, vi } from 'vitest';
import { diallerIn, namesOf, settled } from '../testing/network-of-addresses.js';

const SEED = '10.0.0.1:7946';
const notResolved = (failure: string): string => `the name mesh.example cannot be resolved (${failure})`;

/** As libp2p fails where the other side has the identity key of this process. */
const ownKey = Object.assign(new Error('can not dial self'), { name: 'InvalidPeerIdError' });

const TWIN =
  "another process with this member's own identity key answers there; give each origin a dataDir of its own";

describe('a visit to a seed', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['could not negotiate protocol', 'mesh.key differs'],
    ['handshake stage 1 validation fail', 'what it answers cannot be decrypted'],
    ['handshake stage 2 validation fail', 'what it answers cannot be decrypted'],
    ['connect ECONNREFUSED 10.0.0.1:7946', 'connection refused, nothing listens there'],
    ['connect EHOSTUNREACH 10.0.0.1:7946', 'host unreachable'],
    ['unexpected EOF - stream closed', 'it broke off the handshake'],
    ['read ECONNRESET', 'it broke off the handshake'],
    ['connect ENETUNREACH 10.0.0.1:7946', 'this machine has no route there by IPv4'],
    ['connect EADDRNOTAVAIL 10.0.0.1:7946', 'connect EADDRNOTAVAIL 10.0.0.1:7946'],
    ['something that nobody foresaw', 'something that nobody foresaw'],
  ])('that fails with "%s" says: %s', async (message, failure) => {
    const { dialler } = diallerIn({ [SEED]: new Error(message) });
    expect(await dialler.visit(SEED)).toEqual({ reached: [], isSelf: false, failure });
  });

  it.each(['connect ENETUNREACH', 'socket EAFNOSUPPORT', 'connect EADDRNOTAVAIL'])(
    'of IPv6 that fails with %s says that this machine has no IPv6',
    async (message) => {
      const { dialler } = diallerIn({ 'fd00::1:7946': new Error(message) });
      expect(await dialler.visit('[fd00::1]:7946')).toEqual({
        reached: [],
        isSelf: false,
        failure: 'this machine has no route there by IPv6',
      });
    },
  );

  it('says of IPv6 too what failed where there is a route', async () => {
    const { dialler } = diallerIn({});
    expect(await dialler.visit('[fd00::1]:7946')).toMatchObject({
      failure: 'connection refused, nothing listens there',
    });
  });

  it('does not take one that has our key and is not ready for members for one that has another key', async () => {
    const open = (): Promise<void> => Promise.reject(new Error('could not negotiate /headwater/mesh/1'));
    const { dialler } = diallerIn({ [SEED]: 'a' }, undefined, { open });
    expect(await dialler.visit(SEED)).toMatchObject({
      failure: 'it has the mesh.key and takes no members, as one that is just starting',
    });
  });

  it('says why this member does not want the connection', async () => {
    const open = (): Promise<void> => Promise.reject(new Error('it left a moment ago'));
    const { dialler } = diallerIn({ [SEED]: 'a' }, undefined, { open });
    expect(await dialler.visit(SEED)).toEqual({
      reached: [],
      isSelf: false,
      failure: 'it left a moment ago',
    });
  });

  it('takes a rejection that is no error as its reason', async () => {
    const open = (): Promise<void> => Promise.reject('broken');
    const { dialler } = diallerIn({ [SEED]: 'a' }, undefined, { open });
    expect(await dialler.visit(SEED)).toEqual({ reached: [], isSelf: false, failure: 'broken' });
  });

  it.each([
    ['no where', 'no host:port'],
    ['mesh.example:7946', notResolved('ENOTFOUND')],
  ])('%s that leads to no address is a failure: %s', async (seed, failure) => {
    const { dialler, dialled } = diallerIn({}, namesOf({}));
    expect(await dialler.visit(seed)).toEqual({ reached: [], isSelf: false, failure });
    expect(dialled).toEqual([]);
  });

  it('finds everybody behind a name, and says by its address who did not answer, each one', async () => {
    const names = namesOf({
      'mesh.example': { addresses: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'] },
    });
    const answers = { [SEED]: 'a', '10.0.0.3:7946': 'c', '10.0.0.4:7946': new Error('read ECONNRESET') };
    expect(await diallerIn(answers, names).dialler.visit('mesh.example:7946')).toEqual({
      reached: ['a', 'c'],
      isSelf: false,
      failure: '10.0.0.2: connection refused, nothing listens there; 10.0.0.4: it broke off the handshake',
    });
  });

  it('does not blame a seed for addresses of a family that this machine has not, where another answers', async () => {
    const answers = { 'fd00::1:7946': new Error('connect ENETUNREACH fd00::1'), [SEED]: 'a' };
    const visit = (...addresses: string[]) =>
      diallerIn(answers, namesOf({ 'mesh.example': { addresses } })).dialler.visit('mesh.example:7946');
    expect(await visit('10.0.0.1', 'fd00::1')).toEqual({ reached: ['a'], isSelf: false });
    expect(await visit('10.0.0.1', 'fd00::1', '10.0.0.2')).toEqual({
      reached: ['a'],
      isSelf: false,
      failure: '10.0.0.2: connection refused, nothing listens there',
    });
    expect(await visit('fd00::1')).toMatchObject({ failure: 'this machine has no route there by IPv6' });
    expect(await visit('fd00::1', '10.0.0.2')).toMatchObject({
      failure:
        'fd00::1: this machine has no route there by IPv6; 10.0.0.2: connection refused, nothing listens there',
    });
  });

  it('says with a failure that the address is an old one, where the name cannot be resolved now', async () => {
    const names = namesOf({ 'mesh.example': { addresses: ['10.0.0.1'], failure: 'ESERVFAIL' } });
    expect(await diallerIn({ [SEED]: 'a' }, names).dialler.visit('mesh.example:7946')).toEqual({
      reached: ['a'],
      isSelf: false,
    });
    expect(await diallerIn({}, names).dialler.visit('mesh.example:7946')).toMatchObject({
      failure: `10.0.0.1 (its last good address, since ${notResolved('ESERVFAIL')}): connection refused, nothing listens there`,
    });
  });

  it('leaves the address out of the failure where the seed has no other', async () => {
    const names = namesOf({ 'mesh.example': { addresses: ['10.0.0.1'] } });
    expect(await diallerIn({}, names).dialler.visit('mesh.example:7946')).toMatchObject({
      failure: 'connection refused, nothing listens there',
    });
  });

  it('dials nobody where the address is its own, and everybody else there is', async () => {
    const answers = { '127.0.0.1:2': 'neighbour', '10.255.255.255:1': 'other' };
    const { dialler, dialled } = diallerIn(answers, undefined, { port: 1 });
    expect(await dialler.visit('127.0.0.1:1')).toEqual({ reached: [], isSelf: true });
    expect(dialled).toEqual([]);
    expect(await dialler.visit('127.0.0.1:2')).toEqual({ reached: ['neighbour'], isSelf: false });
    expect(await dialler.visit('10.255.255.255:1')).toEqual({ reached: ['other'], isSelf: false });
  });

  it('finds itself and the others behind one name', async () => {
    const names = namesOf({ 'mesh.example': { addresses: ['127.0.0.1', '10.0.0.1'] } });
    const { dialler } = diallerIn({ '10.0.0.1:1': 'a' }, names, { port: 1 });
    expect(await dialler.visit('mesh.example:1')).toEqual({ reached: ['a'], isSelf: true });
  });

  it.each([
    ['is one to itself where it was dialled by itself meanwhile', 4, { reached: [], isSelf: true }],
    ['is one to a twin where it was not', 3, { reached: [], isSelf: false, failure: TWIN }],
  ])('to its own key %s', async (_, metAfter, outcome) => {
    const { dialler, dialled } = diallerIn({ [SEED]: ownKey }, undefined, {
      selfMet: () => (dialled.length > 0 ? metAfter : 3),
    });
    expect(await dialler.visit(SEED)).toEqual(outcome);
  });

  it('says of a member whose address leads to this one that it does', async () => {
    const { dialler, dialled } = diallerIn({ [SEED]: ownKey }, undefined, { selfMet: () => dialled.length });
    expect(await dialler.dial('peer', [SEED])).toBe(`${SEED}: that is this member itself`);
  });

  it('does not dial again who answered there, while that member is connected', async () => {
    const { dialler, dialled, connected } = diallerIn({ [SEED]: 'a' });
    await dialler.visit(SEED);
    connected.add('a');
    expect(await dialler.visit(SEED)).toEqual({ reached: ['a'], isSelf: false });
    expect(dialled).toEqual([SEED]);
    connected.delete('a');
    expect(await dialler.visit(SEED)).toEqual({ reached: ['a'], isSelf: false });
    expect(dialled).toEqual([SEED, SEED]);
  });

  it('remembers who answered at 1,024 addresses, and begins anew then', async () => {
    await settled();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const seeds = Array.from({ length: 1_025 }, (_, index) => `10.1.${index >> 8}.${index & 255}:7946`);
    const answers = Object.fromEntries(seeds.map((seed) => [seed, 'a']));
    const { dialler, dialled, connected } = diallerIn(answers);
    connected.add('a');
    const [first = '', ...others] = seeds;
    const last = others.pop() ?? '';
    const visitAll = async (all: readonly string[]): Promise<void> => {
      for (let at = 0; at < all.length; at += 50) {
        vi.advanceTimersByTime(1_000);
        await Promise.all(all.slice(at, at + 50).map((seed) => dialler.visit(seed)));
      }
    };
    await visitAll([first, ...others, first, ...others]);
    expect(dialled).toEqual([first, ...others]);
    await dialler.visit(last);
    await visitAll([last, first]);
    expect(dialled.slice(1_024)).toEqual([last, first]);
  });
});
