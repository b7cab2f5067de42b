import { beforeEach, describe, expect, it } from 'vitest';
import { RETRY_MAX_MS, STRANGER_KEPT_MS, VOUCHED_MAX, VOUCHED_MS } from './limits.js';
import type { Acquaintance } from './messages.js';
import type { Peer } from './peer.js';
import { Step } from './step.js';
import { AcquaintedPeers, heard, named, unheard } from './testing/acquainted-peers.js';

let scene: AcquaintedPeers;
/** Two that live and tell of others. */
let a: Peer;
let b: Peer;

beforeEach(() => {
  scene = new AcquaintedPeers();
  a = scene.alive('a');
  b = scene.alive('b');
});

describe('who is named and was not known', () => {
  it.each([
    ['by who hears it', 'a', heard],
    ['by who does not hear it', null, unheard],
    ['by one that does not tell', null, named],
  ])('%s is vouched for by: %s', (_, voucher, say) => {
    scene.tell(a, say('x', { position: { generation: 5, version: 2 } }));
    const x = scene.peers.get('x');
    expect([x?.addresses, x?.namedAs, x?.isMet]).toEqual([['x:1'], 5, false]);
    expect(scene.voucherOf('x')).toBe(voucher);
  });

  it('is kept while somebody names it', () => {
    scene.tell(a, named('x'));
    const x = scene.peers.get('x') as Peer;
    scene.now += STRANGER_KEPT_MS - 1;
    scene.tell(b, named('x'));
    scene.now += STRANGER_KEPT_MS - 1;
    scene.tick(x);
    expect(scene.isKept(x)).toBe(true);
    scene.now += 1;
    x.connected({}, scene.now);
    scene.tick(x);
    expect(scene.isKept(x)).toBe(true);
    x.disconnected(scene.now);
    scene.tick(x);
    expect(scene.isKept(x)).toBe(false);
  });

  it.each([
    ['nowhere', true, true, []],
    ['where nobody is', true, true, ['x:1']],
    ['where this member is', false, false, ['self:2']],
    ['where another one was reached', false, false, ['c:1']],
    ['there and elsewhere', true, false, ['c:1', 'x:1']],
    ['where another one says that it is, and was not reached', true, true, ['a:1']],
  ])(
    '%s is a stranger where somebody hears it: %s, and where nobody does: %s',
    (_, isWhereHeard, isWhereUnheard, addresses) => {
      scene.alive('c', ['c:1'], 'c:1');
      scene.tell(
        a,
        heard('heard', { addresses }),
        unheard('unheard', { addresses }),
        named('untold', { addresses }),
      );
      expect(['heard', 'unheard', 'untold'].map((id) => scene.isKnown(id))).toEqual([
        isWhereHeard,
        isWhereUnheard,
        isWhereHeard,
      ]);
    },
  );

  it('takes the place of a dead one where it is heard, else only of a stranger that was dialled in vain', () => {
    const d = scene.dead('d');
    scene.fill(1);
    scene.tell(a, named('vain'));
    scene.peers.get('vain')?.redial.failed(scene.now, RETRY_MAX_MS, 0);
    scene.tell(a, unheard('x'), named('y'));
    expect(['vain', 'x', 'y'].map((id) => scene.isKnown(id))).toEqual([false, true, false]);
    expect(scene.isKept(d)).toBe(true);
    scene.tell(a, heard('z'));
    expect([scene.isKnown('z'), scene.isKept(d)]).toEqual([true, false]);
    // Nor of one that was not dialled yet.
    scene.tell(a, heard('w'));
    expect(['w', 'z'].map((id) => scene.isKnown(id))).toEqual([false, true]);
  });

  it('is vouched for by one member no more than so many times at once', () => {
    const ids = Array.from({ length: VOUCHED_MAX + 1 }, (_, index) => `x${index}`);
    scene.tell(a, ...ids.map((id) => heard(id)));
    expect(ids.map((id) => scene.voucherOf(id))).toEqual([...Array(VOUCHED_MAX).fill('a'), null]);
    const last = `x${VOUCHED_MAX}`;
    scene.tell(b, heard(last));
    expect(scene.voucherOf(last)).toBe('b');
  });
});

describe('who is named and known', () => {
  it('is known by the latest start that anybody names', () => {
    scene.tell(a, named('b', { position: { generation: 5, version: 0 } }));
    scene.tell(a, named('b', { position: { generation: 3, version: 0 } }));
    expect(b.namedAs).toBe(5);
  });

  const LATER = { position: { generation: 2, version: 0 } };

  it.each([
    ['dead, and heard', 'a', 'dead', heard('d')],
    ['dead, and not heard', null, 'dead', unheard('d')],
    ['dead, by one that does not tell', null, 'dead', named('d')],
    ['left, and heard', null, 'left', heard('d')],
    ['left, and heard in a later start', 'a', 'left', heard('d', LATER)],
    ['left, and named in a later start', null, 'left', named('d', LATER)],
    ['alive, and heard', null, 'alive', heard('d')],
  ] as const)('%s, is vouched for by: %s', (_, voucher, is, one) => {
    scene[is]('d');
    scene.tell(a, one);
    expect(scene.voucherOf('d')).toBe(voucher);
  });

  it('is vouched for no more where who did so does not hear it; what others say takes nothing back', () => {
    scene.dead('d');
    scene.tell(a, heard('d'));
    scene.tell(b, unheard('d'));
    expect(scene.voucherOf('d')).toBe('a');
    scene.tell(a, unheard('d'));
    expect(scene.voucherOf('d')).toBeNull();
  });

  it('is vouched for again by who did so, whatever else that one vouches for', () => {
    const ids = Array.from({ length: VOUCHED_MAX + 1 }, (_, index) => `d${index}`);
    for (const id of ids) scene.dead(id);
    const [first, last] = ['d0', `d${VOUCHED_MAX}`];
    scene.tell(a, ...ids.map((id) => heard(id)));
    expect([scene.voucherOf(first), scene.voucherOf(last)]).toEqual(['a', null]);
    scene.now += VOUCHED_MS - 1;
    scene.tell(a, heard(first));
    scene.now += 1;
    expect(scene.voucherOf(first)).toBe('a');
    scene.tell(a, heard(last));
    expect(scene.voucherOf(last)).toBe('a');
  });

  /** Whether a member that is planned to be tried much later is tried now. */
  function isHastened(peer: Peer, one: Acquaintance): boolean {
    peer.redial.rest(scene.now + 60_000);
    scene.tell(a, one);
    return peer.redial.isDue(scene.now);
  }

  const ELSEWHERE = { addresses: ['d:2'] };

  it.each([
    ['where it was', false, 'dead', heard('d')],
    ['elsewhere', true, 'dead', heard('d', ELSEWHERE)],
    ['elsewhere, by one that does not tell', true, 'dead', named('d', ELSEWHERE)],
    ['elsewhere, by who does not hear it', false, 'dead', unheard('d', ELSEWHERE)],
    ['elsewhere, and connected', false, 'alive', heard('d', ELSEWHERE)],
    ['in the start that left', false, 'left', heard('d')],
    ['in a later start than left', true, 'left', named('d', LATER)],
    ['in a later start than died', false, 'dead', named('d', LATER)],
  ] as const)('%s is dialled at once: %s', (_, expected, is, one) => {
    expect(isHastened(scene[is]('d'), one)).toBe(expected);
  });

  it('and was dialled in vain is tried soon where somebody hears it', () => {
    const d = scene.dead('d');
    d.redial.failed(scene.now, RETRY_MAX_MS, 0);
    expect(isHastened(d, heard('d'))).toBe(false);
    expect([d.redial.isDue(scene.now + RETRY_MAX_MS - 1), d.redial.isDue(scene.now + RETRY_MAX_MS)]).toEqual([
      false,
      true,
    ]);
  });

  it('and rests before its first try is not tried sooner for that', () => {
    const d = scene.dead('d');
    expect(isHastened(d, heard('d'))).toBe(false);
    expect(d.redial.isDue(scene.now + RETRY_MAX_MS)).toBe(false);
  });
});

describe('whom a heartbeat says to be heard', () => {
  it.each([
    ['dead', 'a'],
    ['left', null],
    ['alive', null],
  ] as const)('is vouched for where it is %s, by: %s', (is, voucher) => {
    const d = scene[is]('d');
    scene.acquaintances.heardBy(new Set([d.digestNumberOf(2)]), a, new Step(scene.now));
    expect(scene.voucherOf('d')).toBeNull();
    scene.acquaintances.heardBy(new Set([d.digestNumber]), a, new Step(scene.now));
    expect(scene.voucherOf('d')).toBe(voucher);
  });
});
