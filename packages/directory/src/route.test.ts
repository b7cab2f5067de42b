import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { Directory } from './directory.js';
import type { MemberProfile } from './member.js';
import { OwnLog } from './own-log.js';
import { type Owner, ownerOrder } from './owner.js';
import { addressFor, type PlayRequest, ROUTE_REASONS, type RouteView, route } from './route.js';

const key = claimOf('s1').key;
const owner = (member: string): Owner => ({
  member,
  profile: profileOf(member),
  liveness: 'alive',
  load: { players: 0, publishers: 0, outboundKbps: 0 },
  claim: claimOf('s1'),
});
const view = (...members: string[]): RouteView => ({
  self: 'me',
  profile: profileOf('me'),
  owners: () => members.map(owner),
  withRoom: () => [],
});
const play = (more: Partial<PlayRequest> = {}): PlayRequest => ({
  key,
  protocol: 'rtmp',
  followsRedirect: false,
  mark: 'none',
  mode: 'auto',
  ...more,
});

describe('the route of a play', () => {
  it.each([
    ['published here', ['me'], {}, 'local', 'published-here'],
    ['published here and ranked second', ['a', 'me'], {}, 'local', 'published-here'],
    ['published here, pulled by a relay', ['me'], { mark: 'relay' }, 'local', 'published-here'],
    ['elsewhere, plain RTMP client', ['a'], {}, 'relay', 'client-follows-no-redirects'],
    ['elsewhere, SRS edge', ['a'], { followsRedirect: true }, 'redirect', 'client-follows-redirects'],
    [
      'elsewhere, HTTP-FLV',
      ['a'],
      { protocol: 'http-flv', followsRedirect: true },
      'redirect',
      'client-follows-redirects',
    ],
    [
      'elsewhere, WebSocket',
      ['a'],
      { protocol: 'ws-flv', followsRedirect: true, mode: 'redirect' },
      'relay',
      'websocket',
    ],
    ['elsewhere, mode relay', ['a'], { followsRedirect: true, mode: 'relay' }, 'relay', 'mode-relay'],
    ['elsewhere, mode redirect', ['a'], { mode: 'redirect' }, 'redirect', 'mode-redirect'],
    [
      'elsewhere, redirected before',
      ['a'],
      { followsRedirect: true, mark: 'redirected' },
      'relay',
      'already-redirected',
    ],
    [
      'elsewhere, redirected before, mode redirect',
      ['a'],
      { mode: 'redirect', mark: 'redirected' },
      'relay',
      'already-redirected',
    ],
    ['elsewhere, pulled by a relay', ['a'], { mark: 'relay' }, 'refuse', 'relay-of-unowned'],
    ['nowhere', [], {}, 'wait', 'not-published'],
    ['nowhere, pulled by a relay', [], { mark: 'relay' }, 'refuse', 'relay-of-unowned'],
  ] as const)('%s', (_name, owners, request, kind, reason) => {
    expect(route(view(...owners), play(request))).toMatchObject({ kind, reason });
  });

  it('redirects to the first owner and relays from all of them in order', () => {
    expect(route(view('a', 'b'), play({ followsRedirect: true }))).toMatchObject({
      target: { member: 'a' },
      address: { host: 'a', rtmpPort: 1935 },
    });
    const relay = route(view('a', 'b'), play());
    expect(relay.kind === 'relay' && relay.owners.map((each) => each.member)).toEqual(['a', 'b']);
  });

  it.each(['primary', 'spread'] as const)(
    'goes to owners that flow first, and to the silent ones where nobody flows (%s)',
    (policy) => {
      const limits = { membersMax: 9, streamsPerMemberMax: 9 };
      const directory = new Directory('me', profileOf('me'), limits, ownerOrder(policy, 'east'));
      const say = (member: string, generation: number, silent: boolean) => {
        const log = new OwnLog(member, generation, 9);
        log.setProfile(profileOf(member, { zone: member === 'a' ? 'east' : 'west' }));
        log.claim(claimOf('s1', member === 'a' ? 1 : 2, silent));
        directory.replace(log.snapshot());
      };
      const answers = () => {
        const redirect = route(directory, play({ followsRedirect: true }));
        const relay = route(directory, play());
        return [
          redirect.kind === 'redirect' && redirect.target.member,
          relay.kind === 'relay' && relay.owners.map((each) => each.member).join(' '),
        ];
      };
      say('a', 1, true);
      say('b', 1, false);
      expect(answers()).toEqual(['b', 'b a']);
      say('b', 2, true);
      expect(answers()).toEqual(['a', 'a b']);
      say('a', 2, false);
      expect(answers()).toEqual(['a', 'a b']);
    },
  );
});

it('explains each reason in a sentence of its own', () => {
  const sentences = Object.values(ROUTE_REASONS);
  expect(sentences).toHaveLength(13);
  expect(new Set(sentences).size).toBe(13);
  for (const sentence of sentences) expect(sentence).toMatch(/ /);
});

describe('the address that a client is told', () => {
  const at = (network: string, host: string, rtmpPort: number) => ({
    network,
    host,
    rtmpPort,
    httpPort: 8080,
  });
  const member = (name: string, port: number): MemberProfile =>
    profileOf(name, { addresses: [at('inside', name, 1935), at('outside', 'localhost', port)] });
  const self = member('c', 1937);
  const target = member('a', 1935);

  it.each([
    ['localhost', 'localhost'],
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost'],
    ['LOCALHOST', 'localhost'],
    ['c', 'a'],
    ['a.balancer.example', 'a'],
    [undefined, 'a'],
  ])('for one that reached us by %s is %s', (reachedBy, host) => {
    expect(addressFor(self, target, reachedBy).host).toBe(host);
  });

  it.each([
    ['live.example.com', 'a.example.com'],
    ['LIVE.example.com', 'a.example.com'],
    ['localhost', 'a'],
  ])('for one that reached us by our public name is the target’s public one: %s', (reachedBy, host) => {
    const here = profileOf('c', { addresses: [at('inside', 'c', 1), at('public', 'Live.Example.com', 2)] });
    const there = profileOf('a', { addresses: [at('inside', 'a', 1), at('public', 'a.example.com', 2)] });
    expect(addressFor(here, there, reachedBy).host).toBe(host);
  });

  it('is the one for relays where the target tells no other', () => {
    const relayAddress = at('inside', 'relays', 1935);
    expect(addressFor(self, profileOf('b', { relayAddress }), undefined).host).toBe('b');
    expect(addressFor(self, profileOf('b', { relayAddress, addresses: [] }), undefined).host).toBe('relays');
    expect(addressFor(self, profileOf('b', { relayAddress, addresses: [] }), 'localhost').host).toBe(
      'relays',
    );
  });

  it('is the target’s first where it has none in that network', () => {
    expect(addressFor(self, profileOf('b'), 'localhost').host).toBe('b');
  });
});
