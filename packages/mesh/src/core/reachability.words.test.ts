import { NO_LOAD } from '@headwater/directory';
import { beforeEach, describe, expect, it } from 'vitest';
import { digestsIn, joinDigests, startDigest } from './member-digest.js';
import type { Peer } from './peer.js';
import { HearingPeers, OWN_GENERATION, type Saying } from './testing/hearing-peers.js';

let scene: HearingPeers;
let a: Peer;
let b: Peer;

beforeEach(() => {
  scene = new HearingPeers();
  a = scene.meet('a');
  b = scene.meet('b');
});

const hearsA = (more: Saying = {}): Saying => ({ hears: [a.digest], ...more });

describe('whom this member hears', () => {
  const heard = (): ReadonlySet<number> => digestsIn(scene.reachability.hears);

  it('is told by their present starts', () => {
    expect(heard()).toEqual(new Set([a.digestNumber, b.digestNumber]));
    scene.greet(a, { generation: 2 });
    scene.note(a);
    expect(heard()).toEqual(new Set([a.digestNumberOf(2), b.digestNumber]));
    scene.peers.connected('stranger', scene.now);
    expect(heard().size).toBe(2);
  });

  it.each([
    ['fell silent', () => scene.pass(1_800, [b])],
    ['closed its connection', () => a.disconnected(scene.now)],
    ['left', () => a.left(1, scene.now)],
  ])('is no member that %s', (_, goes) => {
    goes();
    scene.note(a);
    expect(heard()).toEqual(new Set([b.digestNumber]));
  });
});

describe('who says whom it hears', () => {
  const toldOf = (...peers: readonly Peer[]): Uint8Array => joinDigests(peers.map(({ digest }) => digest));

  it.each([
    ['that this one hears the missing one', () => toldOf(a, b), true],
    ['that this one does not hear it', () => toldOf(b), false],
    ['nothing', () => null, false],
  ])(
    'and misses one that it heard before, while it was told %s, waits for an answer: %s',
    (_, told, waits) => {
      scene.says(b, hearsA());
      b.told = told();
      expect(scene.says(b)).toBe(waits);
    },
  );

  it('waits for no answer with its first word, with the same, nor with more than before', () => {
    b.told = scene.reachability.hears;
    const sayings = [{}, {}, hearsA(), hearsA()];
    expect(sayings.map((saying) => scene.says(b, saying))).toEqual([false, false, false, false]);
  });

  it('waits for no answer where it does not tell at the moment', () => {
    scene.says(b, hearsA());
    b.told = scene.reachability.hears;
    expect(scene.says(b, { hears: null })).toBe(false);
  });

  it('is remembered whatever becomes of the message', () => {
    b.told = scene.reachability.hears;
    const hears = joinDigests([startDigest('self', OWN_GENERATION), a.digest]);
    const heartbeat = { kind: 'heartbeat', position: { generation: 1, version: 0 }, load: NO_LOAD } as const;
    scene.reachability.heard(b, { ...heartbeat, sentAt: 0, echo: null, hears }, null, false, scene.now);
    hears.fill(0);
    expect(scene.says(b)).toBe(true);
  });

  it('tells how late it is, or that it is not', () => {
    scene.says(b, { lateMs: 40 });
    expect(b.lateMs).toBe(40);
    scene.says(b);
    expect(b.lateMs).toBe(0);
  });

  const kindOf = (peer: Peer): string => peer.evidence(scene.now).kind;

  it.each([
    ['its present generation', [OWN_GENERATION + 2], false, 'heard'],
    ['the one before, which others may still hear', [OWN_GENERATION + 1], false, 'heard'],
    ['the one before that', [OWN_GENERATION], false, 'quiet'],
    ['nobody of that name', [], false, 'quiet'],
    ['nobody of that name, while two hold an identity', [], true, 'heard'],
  ])('and hears of this member %s (%j)', (_, ofSelf, isDisputed, kind) => {
    scene.reachability.beginGeneration(OWN_GENERATION + 1);
    scene.reachability.beginGeneration(OWN_GENERATION + 2);
    scene.says(b, { ofSelf, isDisputed });
    expect(kindOf(b)).toBe(kind);
  });

  it('and does not hear this member is believed when it says so again after an answer could be there', () => {
    const far = scene.meet('far', { roundTripMs: 400 });
    scene.says(far, { ofSelf: [], saidAfter: null });
    scene.pass(300, [far, { ofSelf: [], saidAfter: null }]);
    scene.pass(3_700);
    expect(kindOf(far)).toBe('quiet');
    scene.says(far, { ofSelf: [], saidAfter: null });
    expect(kindOf(far)).toBe('gone');
  });

  it('and answers what was said since it did not hear this member does hear it', () => {
    scene.says(b, { ofSelf: [] });
    scene.pass(100, [b, { ofSelf: [] }]);
    expect(kindOf(b)).toBe('heard');
  });

  it('and stands still after it did not hear this member takes nobody for dead meanwhile', () => {
    scene.says(b, { ofSelf: [], saidAfter: null });
    scene.pass(500, [b, { ofSelf: [], saidAfter: null }]);
    scene.pass(400, [b, { hears: null }]);
    expect(kindOf(b)).toBe('quiet');
  });
});

describe('a start that was never met', () => {
  const isWitnessed = (id: string, generation = 1): boolean =>
    scene.reachability.isWitnessed(id, generation, scene.now);

  it('is witnessed by who is heard and hears that start', () => {
    scene.says(b, { hears: [startDigest('x', 3)] });
    expect([isWitnessed('x', 3), isWitnessed('x', 2), isWitnessed('y', 3)]).toEqual([true, false, false]);
    scene.pass(1_800, [a]);
    expect(isWitnessed('x', 3)).toBe(false);
  });

  it('is not witnessed by the member itself', () => {
    scene.says(a, { hears: [startDigest('a', 1), startDigest('a', 2)] });
    expect([isWitnessed('a', 1), isWitnessed('a', 2)]).toEqual([false, false]);
    scene.says(b, { hears: [startDigest('a', 2)] });
    expect([isWitnessed('a', 1), isWitnessed('a', 2)]).toEqual([false, true]);
  });
});

describe('a member that only others hear', () => {
  const goes = (): void => scene.close(a);
  const isOut = (): void => a.judged('unreachable', scene.now);
  const leaves = (): void => {
    a.left(1, scene.now);
    scene.note(a);
  };
  const isHeardAs = (generation: number) => (): void => {
    scene.says(b, { hears: [startDigest('a', generation)] });
  };
  const isNamedAs = (generation: number) => (): void => {
    a.namedAs = generation;
  };

  it.each([
    ['is heard here', false, [isOut]],
    ['is heard here, while others hear a later start', false, [isHeardAs(2), isNamedAs(2)]],
    ['is out of reach from here', true, [goes, isOut]],
    ['left', false, [leaves, isHeardAs(2), isNamedAs(2)]],
    ['is lost, and nobody names it', false, [goes]],
    ['is lost, and others hear a later start', true, [goes, isHeardAs(2), isNamedAs(2)]],
    ['is lost, and a later start that nobody hears is named', false, [goes, isNamedAs(2)]],
    ['is lost, and others hear the start that was met', false, [goes, isHeardAs(1), isNamedAs(1)]],
  ])('%s: %s', (_, expected, happenings) => {
    for (const happens of happenings) happens();
    expect(scene.reachability.isOnlyHeardByOthers(a, scene.now)).toBe(expected);
  });
});
