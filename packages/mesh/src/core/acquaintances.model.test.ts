import type { StreamKey } from '@headwater/directory';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Input, Whereabouts } from './input.js';
import {
  CUT_OFF_MS,
  FORGET_AFTER_MS,
  HELLO_DEADLINE_MS,
  LEFT_CLOSE_MS,
  OFFENCES_MAX,
  PEERS_MAX,
  RETRY_MAX_MS,
  STRANGER_KEPT_MS,
  STRANGER_RETRY_MAX_MS,
  TICK_MS,
  VOUCHED_MAX,
  VOUCHED_MS,
} from './limits.js';
import { joinDigests, startDigest } from './member-digest.js';
import type { Acquaintance, DirectMessage } from './messages.js';
import { helloOf } from './testing/hello-of.js';
import { type VirtualMember, VirtualMesh } from './testing/virtual-mesh.js';

/** One member, of which the test plays all others. */
let mesh: VirtualMesh;
let own: VirtualMember;

beforeEach(() => {
  mesh = new VirtualMesh(1, []);
  own = mesh.start('own');
});

const input = (one: Input): void => mesh.input('own', one);
const say = (peer: string, message: DirectMessage): void => input({ kind: 'direct', peer, message });

function greet(peer: string, from: Whereabouts, addresses: readonly string[], generation = 1): void {
  input({ kind: 'connected', peer, from });
  say(peer, helloOf(peer, { generation, addresses }));
}

const lose = (peer: string): void => {
  input({ kind: 'disconnected', peer, reason: 'reset' });
  input({ kind: 'dial-failed', peer, reason: 'refused' });
};

const named = (id: string, more: Partial<Acquaintance> = {}): Acquaintance => ({
  id,
  position: { generation: 1, version: 0 },
  addresses: [`${id}:1`],
  heard: true,
  ...more,
});

const tell = (by: string, ...members: readonly Acquaintance[]): void => say(by, { kind: 'roster', members });

/** So many ms in which these go on speaking. */
function run(ms: number, ...speakers: readonly string[]): void {
  const end = mesh.now + ms;
  while (mesh.now < end) {
    for (const peer of speakers)
      say(peer, {
        kind: 'heartbeat',
        position: { generation: 1, version: 0 },
        load: { players: 0, publishers: 0, outboundKbps: 0 },
        sentAt: 0,
        echo: null,
      });
    mesh.run(Math.min(1_000, end - mesh.now));
  }
}

const livenessOf = (id: string): string => own.core.directory.member(id)?.liveness ?? 'unknown';
const isKept = (id: string): boolean => own.core.peer(id) !== undefined;
const told = (msg: string) => own.facts.filter((fact) => fact.msg === msg);

const CLAIMED = {
  version: 1,
  kind: 'claim',
  claim: { key: 'v/live/one' as StreamKey, sinceMs: 1, media: {} },
} as const;

/** What a step asks the shell to do. */
function effectsOf(one: Input, later = 0) {
  return own.core.step(one, mesh.now + later);
}

describe('who tells of a start that is over', () => {
  const later = (members: readonly Acquaintance[], laterMs = 0) =>
    effectsOf({ kind: 'direct', peer: 'b', message: { kind: 'roster', members } }, laterMs).sends;
  const old = named('a', { position: { generation: 3, version: 7 } });

  it('is told of the later one that is heard here, now and then', () => {
    for (const id of ['a', 'b']) greet(id, { dialled: `${id}:1` }, [`${id}:1`], 5);
    const answer = { position: { generation: 5, version: 0 }, addresses: ['a:1'], heard: true };
    const told = [{ to: 'b', message: { kind: 'roster', members: [{ id: 'a', ...answer }] } }];
    expect(later([old, named('c')])).toMatchObject(told);
    expect(later([old], 900)).toEqual([]);
    expect(later([old], 1_000)).toMatchObject(told);
  });

  it('is told nothing else', () => {
    greet('b', { dialled: 'b:1' }, ['b:1'], 5);
    expect(later([old])).toEqual([]);
    greet('a', { dialled: 'a:1' }, ['a:1'], 5);
    expect(later([named('a', { position: { generation: 5, version: 0 } })])).toEqual([]);
    lose('a');
    expect(later([old])).toEqual([]);
  });
});

describe('who connects', () => {
  it('and says no hello leaves nothing behind', () => {
    input({ kind: 'connected', peer: 'mute', from: { seenAs: '10.0.0.1' } });
    expect(own.core.gauges).toMatchObject({ peers: 1, strangers: 1, records: 1 });
    mesh.run(HELLO_DEADLINE_MS - TICK_MS);
    const { disconnects } = effectsOf({ kind: 'tick' }, TICK_MS);
    expect(disconnects).toMatchObject([{ peer: 'mute', reason: 'no hello' }]);
    input({ kind: 'disconnected', peer: 'mute', reason: 'no hello' });
    expect(own.core.gauges).toMatchObject({ peers: 0, strangers: 0, records: 1 });
  });

  it('has its hello time of a connection anew, and of a process that runs', () => {
    input({ kind: 'connected', peer: 'mute', from: { seenAs: '10.0.0.1' } });
    mesh.run(HELLO_DEADLINE_MS - 2 * TICK_MS);
    input({ kind: 'connected', peer: 'mute', from: { seenAs: '10.0.0.1' } });
    mesh.run(HELLO_DEADLINE_MS - 2 * TICK_MS);
    const stalledMs = 3 * HELLO_DEADLINE_MS;
    expect(effectsOf({ kind: 'tick' }, stalledMs).disconnects).toEqual([]);
    expect(effectsOf({ kind: 'tick' }, stalledMs + 2 * TICK_MS).disconnects).toMatchObject([
      { peer: 'mute', reason: 'no hello' },
    ]);
  });

  it.each([
    ['before its hello', false],
    ['right after it', true],
  ])('and closes the connection %s is not dialled in a circle', (_, greets) => {
    greet('a', {}, ['a:1']);
    greet('b', { dialled: 'b:1' }, ['b:1']);
    let dials = 0;
    for (let turn = 0; turn < 300; turn += 1) {
      dials += effectsOf({ kind: 'disconnected', peer: 'b', reason: 'reset' }).dials.length;
      run(100, 'a');
      if (greets) greet('b', { dialled: 'b:1' }, ['b:1']);
      else input({ kind: 'connected', peer: 'b', from: { dialled: 'b:1' } });
    }
    // One that closes each after 100 ms would have been dialled each time.
    expect(dials).toBeLessThan(30);
  });

  it('and is gone before its hello is kept where others name it, for a time', () => {
    greet('a', {}, ['a:1']);
    tell('a', named('b'));
    input({ kind: 'connected', peer: 'b', from: {} });
    input({ kind: 'disconnected', peer: 'b', reason: 'reset' });
    expect(isKept('b')).toBe(true);
    run(STRANGER_KEPT_MS + 1_000, 'a');
    expect(isKept('b')).toBe(false);
  });

  it('is no stranger again while its offences are remembered', () => {
    const offend = (): void => input({ kind: 'offence', peer: 'villain', reason: 'garbage' });
    for (let count = 0; count <= OFFENCES_MAX; count += 1) {
      input({ kind: 'connected', peer: 'villain', from: {} });
      offend();
      input({ kind: 'disconnected', peer: 'villain', reason: 'reset' });
    }
    expect(told('member cut off')).toHaveLength(1);
    run(CUT_OFF_MS - 2_000);
    expect(isKept('villain')).toBe(true);
    run(4_000);
    expect(isKept('villain')).toBe(false);
  });

  it('has no place among as many live ones as there may be, and is told so now and then', () => {
    for (let index = 0; index < PEERS_MAX; index += 1) greet(`live${index}`, {}, [`live${index}:1`]);
    for (const id of ['more', 'another']) {
      const { disconnects } = effectsOf({ kind: 'connected', peer: id, from: {} });
      expect(disconnects).toMatchObject([{ peer: id, refuseMs: CUT_OFF_MS }]);
    }
    expect(own.core.gauges).toMatchObject({ peers: PEERS_MAX, records: PEERS_MAX + 1 });
    expect(isKept('more')).toBe(false);
  });

  it('has the place of who died first', () => {
    for (let index = 0; index < PEERS_MAX; index += 1) greet(`live${index}`, {}, [`live${index}:1`]);
    lose('live7');
    mesh.run(10);
    lose('live3');
    greet('new', {}, ['new:1']);
    expect(['live7', 'live3', 'new'].map(livenessOf)).toEqual(['unknown', 'dead', 'alive']);
  });

  it('has the place of one that says nothing, where all others live', () => {
    for (let index = 1; index < PEERS_MAX; index += 1) greet(`live${index}`, {}, [`live${index}:1`]);
    input({ kind: 'connected', peer: 'mute', from: {} });
    const { disconnects } = effectsOf({ kind: 'connected', peer: 'new', from: {} });
    expect(disconnects).toMatchObject([{ peer: 'mute' }]);
    expect([isKept('mute'), isKept('new')]).toEqual([false, true]);
  });
});

describe('who left', () => {
  beforeEach(() => {
    greet('a', {}, ['a:1']);
    say('a', { kind: 'leave', generation: 1 });
  });

  it('and does not close its connection is disconnected, and not forgotten before', () => {
    run(LEFT_CLOSE_MS - 1_000);
    expect(effectsOf({ kind: 'tick' }).disconnects).toEqual([]);
    run(1_000 + TICK_MS);
    expect(effectsOf({ kind: 'tick' }).disconnects).toMatchObject([{ peer: 'a', reason: 'left' }]);
    run(FORGET_AFTER_MS);
    expect(isKept('a')).toBe(true);
    input({ kind: 'disconnected', peer: 'a', reason: 'left' });
    run(1_000);
    expect(isKept('a')).toBe(false);
    // Whoever it is, it is let in again.
    greet('a', {}, ['a:1'], 2);
    expect(livenessOf('a')).toBe('alive');
  });

  it('is forgotten after an hour, and not kept by who still names that start', () => {
    input({ kind: 'disconnected', peer: 'a', reason: 'closed' });
    greet('b', {}, ['b:1']);
    for (let minute = 0; minute < 60; minute += 1) {
      tell('b', named('a'));
      run(60_000, 'b');
    }
    run(1_000, 'b');
    expect(isKept('a')).toBe(false);
  });
});

describe('who is dead', () => {
  const dead = (): void => {
    greet('d', {}, ['d:1']);
    lose('d');
    greet('a', {}, ['a:1']);
    greet('b', {}, ['b:1']);
  };

  it.each([
    ['who hears it by its roster', true, () => tell('a', named('d'))],
    [
      'who hears it by its heartbeat',
      true,
      () =>
        say('a', {
          kind: 'heartbeat',
          position: { generation: 1, version: 0 },
          load: { players: 0, publishers: 0, outboundKbps: 0 },
          sentAt: 0,
          echo: null,
          hears: joinDigests([startDigest('x', 1), startDigest('d', 1)]),
        }),
    ],
    ['who does not hear it', false, () => tell('a', named('d', { heard: false }))],
    [
      'who is of a version that does not tell',
      false,
      () => tell('a', { id: 'd', position: { generation: 1, version: 0 }, addresses: ['d:1'] }),
    ],
  ])('is kept by %s: %s', (_, kept, speak) => {
    dead();
    for (let minute = 0; minute < 61; minute += 1) {
      speak();
      run(60_000, 'a', 'b');
    }
    expect(isKept('d')).toBe(kept);
    run(FORGET_AFTER_MS + 1_000, 'a', 'b');
    expect(isKept('d')).toBe(false);
  });

  it('is dialled soon while somebody hears it, and seldom when that one does not any more', () => {
    dead();
    run(FORGET_AFTER_MS / 2, 'a', 'b');
    const dialsIn = (ms: number): number => {
      const before = mesh.dials;
      run(ms, 'a', 'b');
      return mesh.dials - before;
    };
    expect(dialsIn(30_000)).toBeLessThanOrEqual(1);
    tell('a', named('d'));
    expect(dialsIn(VOUCHED_MS / 2)).toBeGreaterThan(VOUCHED_MS / 2 / RETRY_MAX_MS / 2);
    tell('b', named('d', { heard: false }));
    expect(dialsIn(10_000)).toBeGreaterThan(3);
    tell('a', named('d', { heard: false }));
    run(RETRY_MAX_MS, 'a', 'b');
    expect(dialsIn(30_000)).toBeLessThanOrEqual(1);
  });

  it('makes way for who is where it was', () => {
    dead();
    greet('new', { dialled: 'd:1' }, ['d:1']);
    expect([livenessOf('d'), livenessOf('new'), isKept('d')]).toEqual(['unknown', 'alive', false]);
    expect(told('member replaced')).toMatchObject([{ fields: { member: 'd', by: 'new', address: 'd:1' } }]);
    // Who has not noticed yet does not bring it back.
    tell('a', named('d', { heard: false }), named('d'));
    expect(isKept('d')).toBe(false);
  });

  it('that was replaced comes back by what others say from now on, and not by what they said before', () => {
    const hears = joinDigests([startDigest('own', own.generation), startDigest('d', 1)]);
    const heartbeatsToA = () =>
      own.sent.flatMap(({ to, message }) => (to === 'a' && message.kind === 'heartbeat' ? [message] : []));
    const heard = (echoed: { readonly sentAt: number } | undefined): void =>
      say('a', {
        kind: 'heartbeat',
        position: { generation: 1, version: 0 },
        load: { players: 0, publishers: 0, outboundKbps: 0 },
        sentAt: mesh.now,
        echo: echoed ? { sentAt: echoed.sentAt, heldMs: 0 } : null,
        hears,
      });
    const news = (): void =>
      input({
        kind: 'broadcast',
        author: 'd',
        message: { kind: 'delta', delta: { member: 'd', generation: 1, from: 0, to: 1, entries: [CLAIMED] } },
        signedBytes: new Uint8Array(1),
      });
    greet('a', {}, ['a:1']);
    greet('d', {}, ['d:1']);
    mesh.run(1_000);
    heard(heartbeatsToA().at(-1));
    lose('d');
    mesh.run(500);
    expect(livenessOf('d')).toBe('dead');
    greet('new', { dialled: 'd:1' }, ['d:1']);
    expect(isKept('d')).toBe(false);
    news();
    expect(livenessOf('d')).toBe('unknown');
    const before = heartbeatsToA().length;
    mesh.run(1_500);
    expect(heartbeatsToA().length).toBeGreaterThan(before);
    heard(heartbeatsToA().at(-1));
    news();
    expect(livenessOf('d')).toBe('unreachable');
  });

  it('makes way for who was there before it was found dead', () => {
    greet('d', {}, ['d:1']);
    greet('new', { dialled: 'd:1' }, ['d:1']);
    expect([livenessOf('d'), livenessOf('new')]).toEqual(['alive', 'alive']);
    input({ kind: 'disconnected', peer: 'd', reason: 'reset' });
    expect(livenessOf('d')).toBe('suspect');
    input({ kind: 'dial-failed', peer: 'd', reason: 'another member answers there' });
    expect(livenessOf('d')).toBe('unknown');
  });

  it('makes way for who was known, and is reached there later', () => {
    dead();
    greet('new', { seenAs: '10.0.0.9' }, ['d:1']);
    expect(livenessOf('d')).toBe('dead');
    // The dial that looks for the dead one leads to the other.
    input({ kind: 'connected', peer: 'new', from: { dialled: 'd:1' } });
    expect(livenessOf('d')).toBe('unknown');
  });

  it.each([
    ['announces its address, and comes from elsewhere', { seenAs: '10.0.0.9' }, ['d:1']],
    ['was reached there, and announces another one', { dialled: 'd:1' }, ['new:1']],
    ['was reached by a name that means many', { dialled: 'mesh:1' }, ['new:1']],
  ])('stays where the other one %s', (_, from, addresses) => {
    dead();
    greet('new', from, addresses);
    expect(livenessOf('d')).toBe('dead');
  });

  it('stays on hearsay, whatever that says', () => {
    dead();
    tell('a', named('new', { addresses: ['d:1'] }));
    expect(livenessOf('d')).toBe('dead');
  });
});

describe('who lives', () => {
  it('is not replaced by who announces its address, nor is a suspect', () => {
    greet('d', { dialled: 'd:1' }, ['d:1']);
    greet('villain', { dialled: 'd:1' }, ['d:1']);
    expect(livenessOf('d')).toBe('alive');
    input({ kind: 'disconnected', peer: 'd', reason: 'reset' });
    greet('villain', { dialled: 'd:1' }, ['d:1']);
    expect([livenessOf('d'), isKept('d')]).toEqual(['suspect', true]);
  });
});

describe('who is named', () => {
  beforeEach(() => greet('a', {}, ['a:1']));

  it('is dialled, and forgotten where nobody names it again', () => {
    tell('a', named('b'), named('c', { heard: false }));
    run(STRANGER_KEPT_MS - 2_000, 'a');
    expect([isKept('b'), isKept('c')]).toEqual([true, true]);
    tell('a', named('b'));
    run(4_000, 'a');
    expect([isKept('b'), isKept('c')]).toEqual([true, false]);
  });

  it('where a live member certainly is, is not even a stranger', () => {
    greet('b', { dialled: 'b:1' }, ['b:1']);
    tell('a', named('ghost', { addresses: ['b:1'] }), named('other', { addresses: ['b:1', 'b:2'] }));
    expect([isKept('ghost'), isKept('other')]).toEqual([false, true]);
    tell(
      'a',
      named('unheard', { addresses: ['b:1', 'b:2'], heard: false }),
      named('own ghost', { addresses: ['own:1', 'x:1'], heard: false }),
      named('neighbour', { addresses: ['own:1', 'x:1'] }),
    );
    expect(['unheard', 'own ghost', 'neighbour'].map(isKept)).toEqual([false, false, true]);
  });

  it('is no stranger any more when somebody else is met there', () => {
    tell(
      'a',
      named('ghost', { addresses: ['b:1'] }),
      named('vouched', { addresses: ['b:1', 'b:2'] }),
      named('unheard', { addresses: ['b:1', 'b:2'], heard: false }),
    );
    const ids = ['ghost', 'vouched', 'unheard'];
    expect(ids.map(isKept)).toEqual([true, true, true]);
    greet('b', { dialled: 'b:1' }, ['b:1']);
    expect(ids.map(isKept)).toEqual([false, true, false]);
  });

  it('counts no longer against its voucher when that word is old', () => {
    const many = (prefix: string) =>
      Array.from({ length: VOUCHED_MAX }, (_, index) => named(`${prefix}${index}`));
    const dialsIn = (ms: number): number => {
      const before = mesh.dials;
      run(ms, 'a');
      return mesh.dials - before;
    };
    tell('a', ...many('first'));
    run(VOUCHED_MS, 'a');
    tell('a', ...many('second'));
    run(2 * STRANGER_RETRY_MAX_MS, 'a');
    // Its second eight are dialled as often as its first eight were.
    expect(dialsIn(15_000)).toBeGreaterThan((VOUCHED_MAX * 15_000) / RETRY_MAX_MS / 2);
  });

  it('and made up pushes out nobody that was met, and never takes more than its part', () => {
    for (let index = 1; index < PEERS_MAX; index += 1) {
      greet(`met${index}`, {}, [`met${index}:1`]);
      lose(`met${index}`);
    }
    const madeUp = Array.from({ length: 200 }, (_, index) => named(`ghost${index}`));
    tell('a', ...madeUp);
    expect(own.core.gauges.peers).toBe(PEERS_MAX);
    expect(own.core.gauges.strangers).toBeLessThanOrEqual(VOUCHED_MAX);
    expect(own.core.gauges.gone).toBeGreaterThanOrEqual(PEERS_MAX - 1 - VOUCHED_MAX);
    tell('a', ...madeUp.map((one) => ({ ...one, id: `other ${one.id}`, heard: false })));
    expect(own.core.gauges.gone).toBeGreaterThanOrEqual(PEERS_MAX - 1 - VOUCHED_MAX);
  });
});

describe('news of who is gone', () => {
  /** Whom a member looks for at once when it is told this; `d` was lost long ago. */
  function dialledFor(one: Acquaintance, hasLeft = false): readonly string[] {
    greet('a', {}, ['a:1']);
    greet('d', {}, ['d:1']);
    if (hasLeft) say('d', { kind: 'leave', generation: 1 });
    input({ kind: 'disconnected', peer: 'd', reason: 'closed' });
    if (!hasLeft) input({ kind: 'dial-failed', peer: 'd', reason: 'refused' });
    run(20 * 60_000, 'a');
    const message = { kind: 'roster', members: [one] } as const;
    const told = effectsOf({ kind: 'direct', peer: 'a', message });
    return told.dials.map(({ peer }) => peer);
  }

  it.each([
    ['at another address, and heard', named('d', { addresses: ['d:2'] }), ['d']],
    ['at another address, by who does not hear it', named('d', { addresses: ['d:2'], heard: false }), []],
    ['where it was', named('d'), []],
  ])('%s', (_, one, dialled) => {
    expect(dialledFor(one)).toEqual(dialled);
  });

  it.each([
    ['a newer start of one that left', named('d', { position: { generation: 2, version: 0 } }), ['d']],
    [
      'a newer start of one that left, by who does not hear it',
      named('d', { position: { generation: 2, version: 0 }, heard: false }),
      [],
    ],
    ['the start that left', named('d'), []],
  ])('%s', (_, one, dialled) => {
    expect(dialledFor(one, true)).toEqual(dialled);
  });

  it('changes nothing about one that is connected', () => {
    greet('a', {}, ['a:1']);
    greet('d', {}, ['d:1']);
    const message = { kind: 'roster', members: [named('d', { addresses: ['d:2'] })] } as const;
    expect(effectsOf({ kind: 'direct', peer: 'a', message }).dials).toEqual([]);
    // Its vouchers have words to spare for others.
    tell('a', ...Array.from({ length: VOUCHED_MAX }, (_, index) => named(`other${index}`)));
    run(2 * STRANGER_RETRY_MAX_MS, 'a', 'd');
    const before = mesh.dials;
    run(15_000, 'a', 'd');
    expect(mesh.dials - before).toBeGreaterThan((VOUCHED_MAX * 15_000) / RETRY_MAX_MS / 2);
  });

  it('is told to the shell when it is forgotten, with where it was; of strangers nothing is', () => {
    greet('d', {}, ['d:1', 'd:2']);
    lose('d');
    greet('a', {}, ['a:1']);
    tell('a', named('stranger', { heard: false }));
    const forgotten: unknown[] = [];
    const { core } = own;
    const step = core.step.bind(core);
    core.step = (one, now) => {
      const effects = step(one, now);
      forgotten.push(...effects.forgotten);
      return effects;
    };
    run(FORGET_AFTER_MS + 1_000, 'a');
    expect([isKept('d'), isKept('stranger')]).toEqual([false, false]);
    expect(forgotten).toEqual([{ member: 'd', addresses: ['d:1', 'd:2'] }]);
  });

  it.each([
    ['dead', false, true],
    ['left', true, false],
  ])('that says only whom somebody hears keeps one that is %s: %s', (_, hasLeft, kept) => {
    greet('d', {}, ['d:1']);
    if (hasLeft) say('d', { kind: 'leave', generation: 1 });
    lose('d');
    greet('a', {}, ['a:1']);
    const hears = joinDigests([startDigest('d', 1)]);
    for (let minute = 0; minute < 61; minute += 1) {
      const load = { players: 0, publishers: 0, outboundKbps: 0 };
      const position = { generation: 1, version: 0 };
      say('a', { kind: 'heartbeat', position, load, sentAt: 0, echo: null, hears });
      run(60_000, 'a');
    }
    expect(isKept('d')).toBe(kept);
  });
});
