import { beforeEach, describe, expect, it } from 'vitest';
import { joinDigests } from './member-digest.js';
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
const toldIds = (): readonly string[] => scene.reachability.takeToTell().peers.map(({ id }) => id);

describe('whoever is to be told at once', () => {
  it('is nobody while nothing happens, and where a member restarts', () => {
    scene.says(a);
    scene.greet(b, { generation: 2 });
    scene.note(b);
    expect(scene.reachability.takeToTell()).toEqual({ all: false, peers: [] });
  });

  it('is everybody, once, where a member falls silent', () => {
    scene.pass(1_800);
    scene.note(a);
    expect(scene.reachability.takeToTell()).toEqual({ all: true, peers: [] });
    expect(scene.reachability.takeToTell()).toEqual({ all: false, peers: [] });
  });

  it('are two of those that hear a member whose connection closed', () => {
    const [c, d] = [scene.meet('c'), scene.meet('d')];
    for (const peer of [b, c, d]) scene.says(peer, hearsA());
    scene.pick = 0.9;
    scene.close(a);
    expect(scene.reachability.takeToTell()).toEqual({ all: false, peers: [d, c] });
    expect(toldIds()).toEqual([]);
  });

  it.each([
    ['does not say that it hears it', () => scene.says(b)],
    ['said so long ago', () => scene.pass(1_800)],
    ['said so and does not hear this one any more', () => scene.says(b, hearsA({ ofSelf: [] }))],
  ])('is nobody who %s', (_, before) => {
    scene.says(b, hearsA());
    before();
    // Other words came since: it lives.
    b.detector.heard(scene.now);
    scene.close(a);
    expect(toldIds()).toEqual([]);
  });

  it('is who does not hear that member itself, and was told that this one does', () => {
    const c = scene.meet('c');
    const d = scene.meet('d');
    b.told = scene.reachability.hears;
    c.told = joinDigests([b.digest]);
    for (const peer of [b, c, d]) scene.says(peer);
    scene.close(a);
    expect(toldIds()).toEqual(['b']);
  });

  it('is not the member itself, where it hears itself and its last words came late', () => {
    scene.now += 1_800;
    a.detector.heard(scene.now);
    a.says({ hears: a.digest, starts: new Set([a.digestNumber]), at: scene.now, saidAfter: scene.now });
    scene.note(a);
    scene.reachability.closedUnheard(a, scene.now);
    expect(toldIds()).toEqual([]);
  });

  it('is nobody while the member is heard whose connection is about to close', () => {
    scene.says(b, hearsA());
    scene.reachability.closedUnheard(a, scene.now);
    expect(toldIds()).toEqual([]);
  });

  it('is asked again where the connection closes of one that was not heard any more', () => {
    scene.pass(1_800, [b, hearsA()]);
    scene.note(a);
    expect(scene.reachability.takeToTell()).toEqual({ all: true, peers: [] });
    scene.close(a);
    expect(scene.reachability.takeToTell()).toEqual({ all: false, peers: [b] });
  });

  describe('is who is heard again and was told that it is not', () => {
    beforeEach(() => {
      scene.pass(1_800, [b]);
      scene.note(a);
      a.told = scene.reachability.hears;
      scene.reachability.takeToTell();
    });

    it('at once', () => {
      scene.says(a);
      expect(toldIds()).toEqual(['a']);
      expect(toldIds()).toEqual([]);
    });

    it('also where it restarts in the meantime', () => {
      scene.says(a);
      scene.greet(a, { generation: 2 });
      scene.note(a);
      expect(toldIds()).toEqual(['a']);
    });

    it('unless it was told so in the meantime', () => {
      scene.says(a);
      a.told = scene.reachability.hears;
      expect(toldIds()).toEqual([]);
    });

    it('unless it is lost again', () => {
      scene.says(a);
      scene.close(a);
      a.told = joinDigests([]);
      expect(toldIds()).toEqual([]);
    });

    it('unless it was told nothing on this connection', () => {
      a.told = null;
      scene.says(a);
      expect(toldIds()).toEqual([]);
    });
  });
});
