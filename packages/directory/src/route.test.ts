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

  it('passes on what an owner publishes whom another member cannot reach, and this one can', () => {
    const asked = (through: string | null | undefined, relayOf: string) =>
      route(
        {
          ...view('a', 'b'),
          owners: () => [owner('a'), { ...owner('b'), ...(through === undefined ? {} : { through }) }],
        },
        play({ mark: 'relay', relayOf }),
      );
    for (const through of [undefined, null]) {
      const passed = asked(through, 'b');
      expect(passed).toMatchObject({ kind: 'relay', reason: 'passed-on' });
      expect(passed.kind === 'relay' && passed.owners.map(({ member }) => member)).toEqual(['b']);
    }
    // Two members on the way would be a way to go round in circles.
    expect(asked('m', 'b')).toEqual({ kind: 'refuse', reason: 'relay-of-unowned' });
    expect(asked(null, 'nobody')).toEqual({ kind: 'refuse', reason: 'relay-of-unowned' });
    expect(route(view('b', 'me'), play({ mark: 'relay', relayOf: 'b' }))).toMatchObject({ kind: 'local' });
    expect(route(view('b'), play({ relayOf: 'b' }))).toMatchObject({ reason: 'client-follows-no-redirects' });
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

describe('the route of a play where members are full', () => {
  type Scene = {
    /** Owners in order. */
    readonly owners: readonly string[];
    /** Who says that it is full. */
    readonly full?: readonly string[];
    readonly silent?: readonly string[];
    /** Everybody else. */
    readonly others?: readonly string[];
    readonly suspect?: readonly string[];
    readonly unreachable?: readonly string[];
  };
  const viewOf = ({
    owners,
    full = [],
    silent = [],
    others = [],
    suspect = [],
    unreachable = [],
  }: Scene): RouteView => {
    const profile = (member: string) => profileOf(member, { full: full.includes(member) });
    const all = [...new Set([...owners, ...others])];
    return {
      self: 'me',
      profile: profile('me'),
      owners: () =>
        owners.map((member) => ({
          ...owner(member),
          profile: profile(member),
          liveness: suspect.includes(member)
            ? 'suspect'
            : unreachable.includes(member)
              ? 'unreachable'
              : 'alive',
          claim: claimOf('s1', 1, silent.includes(member)),
        })),
      withRoom: () =>
        all
          .filter(
            (member) =>
              member !== 'me' &&
              !full.includes(member) &&
              !suspect.includes(member) &&
              !unreachable.includes(member),
          )
          .map((member) => ({ member, profile: profile(member) })),
    };
  };
  const follower = { followsRedirect: true } as const;
  const told = (scene: Scene, request: Partial<PlayRequest>): string => {
    const taken = route(viewOf(scene), play(request));
    const to = taken.kind === 'redirect' ? ` ${taken.target.member} ${taken.address.host}` : '';
    return `${taken.kind} ${taken.reason}${to}`;
  };
  const here: Scene = { owners: ['me'], full: ['me'] };

  it.each<[string, Scene, Partial<PlayRequest>, string]>([
    ['an owner is full, and this one is not', { owners: ['a'], full: ['a'] }, follower, 'relay owner-full'],
    ['it is relayed anyway', { owners: ['a'], full: ['a'] }, {}, 'relay client-follows-no-redirects'],
    [
      'the better owner has room',
      { owners: ['a', 'b'], full: ['b'] },
      follower,
      'redirect client-follows-redirects a a',
    ],
    ['this owner is full, nobody else is there', here, follower, 'local published-here'],
    [
      'this owner is full, another owner has room',
      { owners: ['me', 'a', 'b'], full: ['me', 'a'], others: ['c'] },
      follower,
      'redirect full-other-owner b b',
    ],
    [
      'this owner is full, another member has room',
      { ...here, others: ['c'] },
      follower,
      'redirect full-other-member c c',
    ],
    [
      'the only other owner with room is silent',
      { owners: ['me', 'a'], full: ['me'], silent: ['a'], others: ['c'] },
      follower,
      'redirect full-other-member c c',
    ],
    [
      'the only other one with room is an owner that is silent',
      { owners: ['me', 'a'], full: ['me'], silent: ['a'] },
      follower,
      'local published-here',
    ],
    [
      'all owners are silent',
      { owners: ['me', 'a'], full: ['me'], silent: ['me', 'a'] },
      follower,
      'redirect full-other-owner a a',
    ],
    [
      'the other owner may be dead',
      { owners: ['me', 'a'], full: ['me'], suspect: ['a'], others: ['c'] },
      follower,
      'redirect full-other-member c c',
    ],
    [
      'this owner is full, and the client follows nothing',
      { ...here, others: ['c'] },
      {},
      'local published-here',
    ],
    [
      'this owner is full, and the client may not be redirected again',
      { ...here, others: ['c'] },
      { ...follower, mark: 'redirected' },
      'local published-here',
    ],
    ['it is a pull', { ...here, others: ['c'] }, { ...follower, mark: 'relay' }, 'local published-here'],
    ['by play.mode alone', { ...here, others: ['c'] }, { mode: 'redirect' }, 'local published-here'],
    [
      'by play.mode, and it follows',
      { ...here, others: ['c'] },
      { ...follower, mode: 'redirect' },
      'redirect full-other-member c c',
    ],
    [
      'owner and this one are full',
      { owners: ['a'], full: ['me', 'a'], others: ['c'] },
      follower,
      'redirect full-other-member c c',
    ],
    [
      'owner and this one are full, and nobody else is there',
      { owners: ['a'], full: ['me', 'a'] },
      follower,
      'relay owner-full',
    ],
    [
      'only this one is full',
      { owners: ['a'], full: ['me'], others: ['c'] },
      follower,
      'redirect client-follows-redirects a a',
    ],
    [
      'only this one is full, and it must be relayed',
      { owners: ['a'], full: ['me'] },
      {},
      'relay client-follows-no-redirects',
    ],
    ['nobody publishes it', { owners: [], full: ['me'], others: ['c'] }, follower, 'wait not-published'],
  ])('where %s', (_what, scene, request, expected) => {
    expect(told(scene, request)).toBe(expected);
    // Whoever is served already stays.
    const served = told(scene, { ...request, isServed: true });
    expect(served).toBe(
      scene.owners.includes('me')
        ? 'local published-here'
        : told({ ...scene, full: scene.full?.filter((member) => member !== 'me') ?? [] }, request),
    );
  });

  it.each<[string, Scene, Partial<PlayRequest>, string]>([
    ['nobody else is there', { owners: ['me'] }, {}, 'refuse nobody-has-room'],
    ['nobody else is there', { owners: ['me'] }, follower, 'refuse nobody-has-room'],
    ['others are full', { owners: ['a'], full: ['a'] }, {}, 'refuse nobody-has-room'],
    [
      'others have room, and it follows nothing',
      { owners: ['me'], others: ['c'] },
      {},
      'local published-here',
    ],
    ['others have room', { owners: ['me'], others: ['c'] }, follower, 'redirect full-other-member c c'],
    [
      'another owner has room, out of reach from here, and it follows nothing',
      { owners: ['me', 'a'], unreachable: ['a'] },
      {},
      'local published-here',
    ],
    [
      'another owner has room, out of reach from here',
      { owners: ['me', 'a'], unreachable: ['a'] },
      follower,
      'redirect full-other-owner a a',
    ],
    ['it is served already', { owners: ['me'] }, { isServed: true }, 'local published-here'],
    ['it is a pull', { owners: ['me'] }, { mark: 'relay' }, 'local published-here'],
    ['nobody publishes it', { owners: [] }, {}, 'wait not-published'],
  ])('at its limit, before its profile says so: %s', (_what, scene, request, expected) => {
    expect(told(scene, { ...request, isFull: true })).toBe(expected);
  });

  it('goes to one member for one stream, and to all for many', () => {
    const full = viewOf({ owners: ['me'], full: ['me'], others: ['c', 'd', 'e'] });
    const chosen = Array.from({ length: 50 }, (_, index) => {
      const taken = route(full, play({ ...follower, key: claimOf(`s${index}`).key }));
      return taken.kind === 'redirect' ? taken.target.member : '';
    });
    expect(new Set(chosen)).toEqual(new Set(['c', 'd', 'e']));
    const again = route(full, play({ ...follower, key: claimOf('s0').key }));
    expect(again).toMatchObject({ target: { member: chosen[0] } });
  });
});

describe('a play that comes to a member which drains', () => {
  const room = (...members: string[]) => members.map((member) => ({ member, profile: profileOf(member) }));
  const draining = (owners: string[], others: string[]): RouteView => ({
    ...view(...owners),
    profile: profileOf('me', { draining: true }),
    withRoom: () => room(...others),
  });
  const FOLLOWS: Partial<PlayRequest> = { followsRedirect: true };

  it.each<[string, string[], string[], Partial<PlayRequest>, string]>([
    ['it owns the stream, another owner stays', ['a', 'me'], ['a', 'b'], FOLLOWS, 'draining-other-owner a'],
    ['it alone owns it', ['me'], ['b'], FOLLOWS, 'draining-other-member b'],
    ['another one owns it', ['a'], ['a', 'b'], FOLLOWS, 'client-follows-redirects a'],
    ['the other owner has no room', ['a'], ['b'], FOLLOWS, 'draining-other-member b'],
    ['nobody publishes it', [], ['b'], FOLLOWS, 'draining-other-member b'],
    ['nobody else has room', ['me'], [], FOLLOWS, 'published-here'],
    ['nobody publishes it, and nobody else has room', [], [], FOLLOWS, 'not-published'],
    ['it follows nothing', ['me'], ['b'], {}, 'published-here'],
    ['it follows nothing, another one owns it', ['a'], ['a'], {}, 'client-follows-no-redirects'],
    ['it is served already', ['me'], ['b'], { ...FOLLOWS, isServed: true }, 'published-here'],
    ['it was redirected once', ['me'], ['b'], { ...FOLLOWS, mark: 'redirected' }, 'published-here'],
    ['by play.mode alone, from its own stream', ['me'], ['b'], { mode: 'redirect' }, 'published-here'],
    ['by play.mode alone, to wait', [], ['b'], { mode: 'redirect' }, 'not-published'],
    [
      'by play.mode alone, and the owner has no room',
      ['a'],
      ['b'],
      { mode: 'redirect' },
      'draining-other-member b',
    ],
    ['play.mode is relay', ['me'], ['b'], { ...FOLLOWS, mode: 'relay' }, 'published-here'],
    ['by WebSocket', ['me'], ['b'], { ...FOLLOWS, protocol: 'ws-flv' }, 'published-here'],
    ['it is a pull', ['me'], ['b'], { ...FOLLOWS, mark: 'relay' }, 'published-here'],
  ])('%s', (_, owners, others, request, expected) => {
    const taken = route(draining(owners, others), play(request));
    const target = taken.kind === 'redirect' ? ` ${taken.target.member}` : '';
    expect(`${taken.reason}${target}`).toBe(expected);
  });

  it.each([
    ['one that flows', ['a'], 'b'],
    ['the best where none flows', ['a', 'b'], 'a'],
  ])('is sent to another owner, %s', (_, silent, expected) => {
    const owners = ['a', 'me', 'b'].map((member) => ({
      ...owner(member),
      claim: claimOf('s1', 1, silent.includes(member)),
    }));
    expect(route({ ...draining([], ['a', 'b']), owners: () => owners }, play(FOLLOWS))).toMatchObject({
      reason: 'draining-other-owner',
      target: { member: expected },
    });
  });
});

describe('a play of what a draining member has', () => {
  const among = (draining: string[], owners: string[]): RouteView => ({
    ...view(...owners),
    owners: () =>
      owners.map((member) => ({
        ...owner(member),
        profile: profileOf(member, { draining: draining.includes(member) }),
      })),
  });

  it.each<[string, string[], string[], Partial<PlayRequest>, string]>([
    ['it would be sent on from there', ['a'], ['a'], { followsRedirect: true }, 'relay owner-draining'],
    ['by play.mode alone', ['a'], ['a'], { mode: 'redirect' }, 'relay owner-draining'],
    [
      'the best owner stays',
      ['b'],
      ['a', 'b'],
      { followsRedirect: true },
      'redirect client-follows-redirects',
    ],
    ['it follows nothing', ['a'], ['a'], {}, 'relay client-follows-no-redirects'],
  ])('%s', (_, draining, owners, request, expected) => {
    const { kind, reason } = route(among(draining, owners), play(request));
    expect(`${kind} ${reason}`).toBe(expected);
  });
});

it('explains each reason in a sentence of its own', () => {
  const sentences = Object.values(ROUTE_REASONS);
  expect(sentences).toHaveLength(18);
  expect(new Set(sentences).size).toBe(18);
  for (const sentence of sentences) expect(sentence).toMatch(/ /);
});

describe('a client that came by TLS', () => {
  const at = (name: string, ports: object) => {
    const address = { network: 'in', host: name, rtmpPort: 1935, httpPort: 8080, ...ports };
    return { ...owner(name), profile: profileOf(name, { addresses: [address] }) };
  };
  const among = (owners: Owner[], more: Partial<RouteView> = {}): RouteView => ({
    ...view(),
    owners: () => owners,
    ...more,
  });
  const follows = { followsRedirect: true, isSecure: true } as const;
  const told = (seen: RouteView, more: Partial<PlayRequest>) => {
    const taken = route(seen, play(more));
    return `${taken.kind} ${taken.reason}${taken.kind === 'redirect' ? ` to ${taken.target.member}` : ''}`;
  };

  it('is redirected to a port for TLS of its protocol, and relayed where there is none', () => {
    const http = among([at('a', { httpsPort: 8443 })]);
    expect(told(http, { ...follows, protocol: 'http-flv' })).toBe('redirect client-follows-redirects to a');
    expect(told(http, { ...follows, protocol: 'rtmp' })).toBe('relay owner-lacks-port');
    expect(told(http, { ...follows, protocol: 'rtmp', mode: 'redirect' })).toBe('relay owner-lacks-port');
    const rtmp = among([at('a', { rtmpsPort: 443 })]);
    expect(told(rtmp, { ...follows, protocol: 'rtmp' })).toBe('redirect client-follows-redirects to a');
    expect(told(rtmp, { ...follows, protocol: 'http-flv' })).toBe('relay owner-lacks-port');
  });

  it('needs a port without TLS where it came without', () => {
    const secureOnly = among([at('a', { rtmpPort: 0, httpPort: 0, rtmpsPort: 443, httpsPort: 8443 })]);
    for (const protocol of ['rtmp', 'http-flv'] as const)
      expect(told(secureOnly, { followsRedirect: true, protocol })).toBe('relay owner-lacks-port');
  });

  it('is sent by a full member to one with such a port, or stays', () => {
    const full = { profile: profileOf('me', { full: true }) };
    const own = owner('me');
    const request = { ...follows, protocol: 'http-flv', isFull: true } as const;
    const secure = at('b', { httpsPort: 8443 });
    expect(told(among([own, at('a', {}), secure], full), request)).toBe('redirect full-other-owner to b');
    expect(told(among([own], { ...full, withRoom: () => [at('a', {}), secure] }), request)).toBe(
      'redirect full-other-member to b',
    );
    expect(told(among([own], { ...full, withRoom: () => [at('a', {})] }), request)).toBe(
      'local published-here',
    );
  });

  it('is sent to one with such a port by a member that drains, or stays', () => {
    const draining = { profile: profileOf('me', { draining: true }) };
    const request = { ...follows, protocol: 'http-flv' } as const;
    const sent = (...free: Owner[]) =>
      told(among([owner('me')], { ...draining, withRoom: () => free }), request);
    expect(sent(at('a', {}), at('b', { httpsPort: 8443 }))).toBe('redirect draining-other-member to b');
    expect(sent(at('a', {}))).toBe('local published-here');
  });
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
