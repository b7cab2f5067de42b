import { Directory, type Entry } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { Acquaintances } from '../acquaintances.js';
import { Dispute } from '../dispute.js';
import type { Effects } from '../effects.js';
import type { Whereabouts } from '../input.js';
import { Introductions } from '../introductions.js';
import { ANSWER_WAIT_MS, MEMBERS_MAX, STREAMS_PER_MEMBER_MAX } from '../limits.js';
import { LocalState } from '../local-state.js';
import { digestsIn, joinDigests, startDigest } from '../member-digest.js';
import { Membership } from '../membership.js';
import type { Peer } from '../peer.js';
import { Peers } from '../peers.js';
import { Penalties } from '../penalties.js';
import { Reachability } from '../reachability.js';
import { Repair } from '../repair.js';
import { SecondHand } from '../second-hand.js';
import { Seeds } from '../seeds.js';
import { Step } from '../step.js';
import { helloOf } from './hello-of.js';

export const SELF = 'm';
export const OWN_GENERATION = 1_000;
export const OWN_ADDRESS = 'm:1';
/** The stream of whoever claims one. */
export const KEY = '__defaultVhost__/live/s';
export const PATIENCE = { suspectAfterMs: 1_800, deadAfterMs: 900 };

export interface LoneOptions {
  readonly seeds?: readonly string[];
  /** Records that its directory has room for. */
  readonly membersMax?: number;
  /** Streams that it takes of one member. */
  readonly streamsPerMemberMax?: number;
}

/**
 * The parts of one member's core as they work together, for tests of one part: the test plays all others, and moves the
 * clock. Paths were not measured unless a test does it.
 */
export class LoneCore {
  now = 10_000;
  /** What is drawn by lot, 0..1. */
  random = 0;
  readonly directory: Directory;
  readonly local: LocalState;
  readonly peers: Peers;
  readonly penalties: Penalties;
  readonly dispute: Dispute;
  readonly repair: Repair;
  readonly secondHand: SecondHand;
  readonly reachability: Reachability;
  readonly acquaintances: Acquaintances;
  readonly seeds: Seeds;
  readonly membership: Membership;
  readonly introductions: Introductions;

  constructor({
    seeds = [],
    membersMax = MEMBERS_MAX,
    streamsPerMemberMax = STREAMS_PER_MEMBER_MAX,
  }: LoneOptions = {}) {
    const { now } = this;
    const random = (): number => this.random;
    const profile = profileOf(SELF);
    const limits = { membersMax, streamsPerMemberMax };
    this.directory = new Directory(SELF, profile, limits);
    const state = { generation: OWN_GENERATION, profile, batchMs: 3, order: 'primary' } as const;
    this.local = new LocalState(state, this.directory, new Step(now));
    this.peers = new Peers(this.directory, PATIENCE, { ms: 0 }, random);
    this.penalties = new Penalties(this.peers);
    this.dispute = new Dispute(OWN_GENERATION, 800, now);
    this.repair = new Repair(this.local, this.penalties, this.dispute);
    this.secondHand = new SecondHand(this.peers, this.penalties, this.repair, OWN_GENERATION, random);
    this.reachability = new Reachability(this.peers, OWN_GENERATION, PATIENCE.deadAfterMs, random);
    this.acquaintances = new Acquaintances(this.peers, [OWN_ADDRESS]);
    this.seeds = new Seeds(seeds, now);
    const { peers, acquaintances, repair, penalties, dispute, reachability } = this;
    this.membership = new Membership(
      {
        peers,
        acquaintances,
        seeds: this.seeds,
        repair,
        penalties,
        dispute,
        reachability,
        addresses: [OWN_ADDRESS],
        random,
      },
      now,
    );
    this.introductions = new Introductions(peers);
  }

  /** What one step asks the shell to do. */
  step(act: (step: Step) => void): Effects {
    const step = new Step(this.now);
    act(step);
    return step.effects;
  }

  peer(id: string): Peer {
    const peer = this.peers.get(id);
    if (peer === undefined) throw new Error(`${id} is not known`);
    return peer;
  }

  livenessOf(id: string): string | undefined {
    return this.directory.member(id)?.liveness;
  }

  connect(id: string, from: Whereabouts = {}): Effects {
    return this.step((step) => this.membership.connected(id, from, helloOf(SELF), step));
  }

  hello(id: string, options: Parameters<typeof helloOf>[1] = {}): Effects {
    return this.step((step) => this.membership.heardHello(this.peer(id), helloOf(id, options), step));
  }

  /** It connects from where it says that it is, and says hello. */
  greet(id: string, options: Parameters<typeof helloOf>[1] = {}): Effects {
    const [dialled = `${id}:1`] = options.addresses ?? [];
    this.connect(id, { dialled });
    return this.hello(id, options);
  }

  /** They say something that shows that they live, and since when. */
  speak(...ids: readonly string[]): void {
    for (const id of ids) {
      const { detector } = this.peer(id);
      detector.heard(this.now);
      detector.spoke(this.now);
      this.reachability.note(this.peer(id), this.now);
    }
  }

  /** `id` speaks, and says that it hears these members, each in its generation 1 unless the test says otherwise. */
  hears(id: string, ...starts: readonly (string | readonly [id: string, generation: number])[]): void {
    this.speak(id);
    const digests = starts.map((start) =>
      typeof start === 'string' ? startDigest(start, 1) : startDigest(...start),
    );
    const hears = joinDigests(digests);
    this.peer(id).says({ hears, starts: digestsIn(hears), at: this.now, saidAfter: this.now });
  }

  /** Signed news of it come, by whatever way: who it is, and that it has this stream, as versions 1 and 2 of its log. */
  news(id: string, generation = 1): Effects {
    const entries: readonly Entry[] = [
      { kind: 'profile', version: 1, profile: profileOf(id) },
      { kind: 'claim', version: 2, claim: { key: KEY, sinceMs: 1, media: {} } },
    ];
    const delta = { member: id, generation, from: 0, to: 2, entries };
    const signedBytes = Uint8Array.of(1, generation, 2);
    return this.step((step) =>
      this.secondHand.news(this.peer(id), { kind: 'delta', delta }, signedBytes, step),
    );
  }

  disconnect(id: string, reason = 'reset'): Effects {
    return this.step((step) => this.membership.disconnected(this.peer(id), reason, step));
  }

  /** It is dialled, and the answer is that nobody is there. */
  refuse(id: string): Effects {
    return this.step((step) => {
      const peer = this.peer(id);
      peer.redial.started(this.now);
      this.membership.dialFailed(peer, 'refused', this.now, step);
    });
  }

  /** It is dead: its connection closed, and nobody is there any more. */
  kill(id: string): Effects {
    this.disconnect(id);
    return this.refuse(id);
  }

  /** It is heard by these, who were met, and not here any more: its connection closed, and a new one was refused. */
  cutOff(id: string, ...by: readonly string[]): Effects {
    this.greet(id);
    for (const one of by) this.hears(one, id);
    this.disconnect(id);
    this.now += ANSWER_WAIT_MS;
    for (const one of by) this.hears(one, id);
    return this.refuse(id);
  }

  leave(id: string, generation = 1): Effects {
    return this.step((step) => this.membership.heardLeave(this.peer(id), generation, step));
  }

  judge(id: string): Effects {
    return this.step((step) => this.membership.judge(this.peer(id), step));
  }

  /** What a tick does for one member. */
  tick(id: string): Effects {
    return this.step((step) => this.membership.tick(this.peer(id), step));
  }
}

/** What people read of a step. */
export const linesOf = ({ facts }: Effects): string[] => facts.map(({ level, msg }) => `${level} ${msg}`);
