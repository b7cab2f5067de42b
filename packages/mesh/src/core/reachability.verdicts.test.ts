import { beforeEach, describe, expect, it } from 'vitest';
import { WITNESSED_MAX_MS } from './limits.js';
import { startDigest } from './member-digest.js';
import type { Peer } from './peer.js';
import { HearingPeers, type Saying } from './testing/hearing-peers.js';

let scene: HearingPeers;
let a: Peer;
let b: Peer;

beforeEach(() => {
  scene = new HearingPeers();
  a = scene.meet('a');
  b = scene.meet('b');
});

const hearsA = (more: Saying = {}): Saying => ({ hears: [a.digest], ...more });
const judged = (peer = a) => scene.judge(peer);
const livenessOf = (peer = a): string => judged(peer).liveness;

describe('a member that falls silent here', () => {
  it.each([
    ['while others hear it', hearsA, 'unreachable', null],
    ['while nobody does', () => ({}), 'suspect', 12_700],
    ['while others hear another start of it', () => ({ hears: [startDigest('a', 2)] }), 'suspect', 12_700],
    [
      'while others hear it that do not hear this one',
      () => hearsA({ ofSelf: [], saidAfter: null }),
      'suspect',
      12_700,
    ],
  ] as const)('%s', (_, saying, liveness, until) => {
    scene.pass(1_800, [b, saying()]);
    expect(judged()).toEqual({ liveness, until });
  });

  it('is alive up to then, whatever others say', () => {
    scene.pass(1_799, [b]);
    expect(judged()).toEqual({ liveness: 'alive', until: null });
  });

  it('is reached through those that hear it, in the order of their ids', () => {
    const [e, d] = [scene.meet('e'), scene.meet('d')];
    scene.pass(1_800, [e, hearsA()], [b, hearsA()], [d, hearsA()]);
    expect(scene.reachability.through(a, scene.now)).toEqual(['b', 'd', 'e']);
  });

  it('is heard by nobody whose last word about it is older than its silence may be', () => {
    scene.pass(100, [b, hearsA()]);
    scene.pass(1_799);
    b.detector.heard(scene.now);
    expect(livenessOf()).toBe('unreachable');
    scene.now += 1;
    expect(livenessOf()).toBe('suspect');
  });

  it.each([
    [2_699, 'unreachable'],
    [2_700, 'dead'],
  ])('whose witness tells nothing any more, %i ms after it said so: %s', (ms, liveness) => {
    scene.says(b, hearsA());
    scene.pass(ms, [b, { hears: null }]);
    expect(livenessOf()).toBe(liveness);
  });

  it('is not heard by who never told whom it hears', () => {
    scene.pass(1_800, [b, { hears: null }]);
    expect(livenessOf()).toBe('suspect');
  });

  it("counts as heard by others for a limited time after its own last word, or signed news' arrival", () => {
    scene.pass(WITNESSED_MAX_MS - 1, [b, hearsA()]);
    expect(livenessOf()).toBe('unreachable');
    scene.pass(1_000, [b, hearsA()]);
    expect(livenessOf()).toBe('dead');
    a.hadNews(scene.now - WITNESSED_MAX_MS);
    expect(livenessOf()).toBe('dead');
    a.hadNews(scene.now - WITNESSED_MAX_MS + 1);
    expect(livenessOf()).toBe('unreachable');
  });

  describe('and that others cease to hear', () => {
    const GRACE_MS = 600;

    it('is suspect for a while after their last word, and dead then', () => {
      scene.pass(5_000, [b, hearsA()]);
      expect(livenessOf()).toBe('unreachable');
      const until = scene.now + GRACE_MS;
      scene.pass(GRACE_MS - 1, [b]);
      expect(judged()).toEqual({ liveness: 'suspect', until });
      scene.pass(1, [b]);
      expect(judged()).toEqual({ liveness: 'dead', until: null });
    });

    it.each([
      ['as much longer as the furthest of them may need', 250, null],
      ['3 s longer at most', 600, 3_000],
    ])('is suspect for %s', (_, roundTripMs, boundMs) => {
      const far = scene.meet('far', { roundTripMs });
      const near = scene.meet('near');
      scene.now += 5_000;
      for (const peer of [b, far, near]) scene.says(peer, hearsA());
      judged();
      const at = scene.now;
      scene.now += GRACE_MS;
      for (const peer of [b, far, near]) scene.says(peer);
      const { until } = judged();
      expect(until).toBe(at + GRACE_MS + (boundMs ?? far.witnessLeewayMs));
      expect(far.witnessLeewayMs).toBeGreaterThan(1_000);
    });

    it('is dead at once where that was before it was heard here again', () => {
      const far = scene.meet('far', { roundTripMs: 600 });
      scene.pass(2_700, [far, hearsA()]);
      expect(livenessOf()).toBe('unreachable');
      scene.says(a);
      scene.says(far);
      expect(livenessOf()).toBe('alive');
      scene.pass(2_700, [far]);
      expect(livenessOf()).toBe('dead');
    });
  });
});

describe('a member whose connection closed', () => {
  it('is suspect while it is redialled, whatever others say', () => {
    scene.says(b, hearsA());
    scene.close(a);
    expect(judged()).toEqual({ liveness: 'suspect', until: scene.now + 1_000 });
  });

  it('and refuses is dead where nobody heard it', () => {
    scene.says(b);
    scene.refuse(a);
    expect(judged()).toEqual({ liveness: 'dead', until: null });
  });

  describe('and refuses, and that others heard', () => {
    beforeEach(() => {
      scene.says(b, hearsA());
      scene.now += 100;
      scene.refuse(a);
    });

    it('is suspect until their answer must be here, and dead where none came', () => {
      const until = scene.now + 75;
      scene.now += 74;
      expect(judged()).toEqual({ liveness: 'suspect', until });
      scene.now += 1;
      expect(judged()).toEqual({ liveness: 'dead', until: null });
    });

    it('is dead as soon as they do not hear it', () => {
      scene.pass(10, [b]);
      expect(livenessOf()).toBe('dead');
    });

    it.each([
      ['answer what was said after it closed', 0, 'unreachable'],
      ['answer what was said before', -1, 'dead'],
      ['answer nothing', null, 'dead'],
    ])('and whose witnesses %s', (_, after, liveness) => {
      const saidAfter = after === null ? null : scene.now + after;
      scene.pass(50, [b, hearsA({ saidAfter })]);
      expect(livenessOf()).toBe('suspect');
      scene.now += 25;
      expect(livenessOf()).toBe(liveness);
    });

    it('is given the time in which this process stood still', () => {
      scene.now += 300;
      scene.peers.excuse(300, scene.now);
      expect(judged()).toEqual({ liveness: 'suspect', until: scene.now + 75 });
    });
  });

  it.each([
    ['half as long again as a far one takes to answer', 400, 600],
    ['no longer than it is redialled', 900, 1_000],
  ])('is suspect for %s', (_, roundTripMs, ms) => {
    const [far, near] = [scene.meet('far', { roundTripMs }), scene.meet('near')];
    scene.says(far, hearsA());
    scene.says(near, hearsA());
    scene.refuse(a);
    expect(judged()).toEqual({ liveness: 'suspect', until: scene.now + ms });
  });

  it('is not waited for until those answer that were not asked', () => {
    for (const id of ['c', 'd']) scene.says(scene.meet(id), hearsA());
    const far = scene.meet('far', { roundTripMs: 400 });
    scene.says(far, hearsA());
    scene.refuse(a);
    expect(judged().until).toBe(scene.now + 75);
  });
});

describe('a member that was taken for dead', () => {
  it('is heard by others as soon as they say so of the time after that', () => {
    scene.refuse(a);
    scene.now += 200;
    a.judged('dead', scene.now);
    scene.pass(300, [b, hearsA({ saidAfter: scene.now - 1 })]);
    expect(livenessOf()).toBe('dead');
    scene.says(b, hearsA({ saidAfter: scene.now - 300 }));
    expect(livenessOf()).toBe('unreachable');
  });

  describe('and was forgotten', () => {
    let buriedAt: number;
    beforeEach(() => {
      scene.die(a);
      buriedAt = scene.now;
      scene.peers.bury(a, scene.now);
      scene.now += 500;
    });

    it.each([
      ['before it died', false, -1, 1],
      ['after it died', true, 0, 1],
      ['before it died, of a later start', true, -1, 2],
    ])('is witnessed by words said %s: %s', (_, isWitnessed, after, generation) => {
      scene.says(b, { hears: [startDigest('a', generation)], saidAfter: buriedAt + after });
      expect(scene.reachability.isWitnessed('a', generation, scene.now)).toBe(isWitnessed);
    });

    it.each([
      ['before it died', -1, 'suspect'],
      ['after it died', 0, 'unreachable'],
    ])('is met again by words said %s', (_, after, liveness) => {
      const again = scene.peers.connected('a', scene.now);
      again.follower.told({ generation: 1, version: 0 }, scene.now);
      again.witnessed(scene.now);
      again.hadNews(scene.now);
      scene.says(b, hearsA({ saidAfter: buriedAt + after }));
      expect(livenessOf(again)).toBe(liveness);
    });
  });
});
