import type {
  Claim,
  LogPosition,
  MemberId,
  MemberLoad,
  MemberProfile,
  StreamKey,
} from '@headwater/directory';
import { nextGeneration } from '@headwater/mesh/core';
import type { Machine } from './network/paths.js';
import type { RunningCore } from './running-core.js';

/** How one start of a member ended. `silent`: with its machine, which told nobody. */
export type Ending = 'left' | 'killed' | 'silent';

export interface EndedStart {
  readonly generation: number;
  readonly at: number;
  readonly ending: Ending;
  /** What ran. */
  readonly core: RunningCore;
  /** Those with a connection of an earlier start that hangs: while it does, no reset of the others tells them of this end. */
  readonly unnoticedBy: ReadonlySet<RunningCore>;
}

/** What a member is like, for good. */
export interface MemberTraits {
  /** It is admitted, but does not do what it should: nothing is expected of it, or of what others think of it. */
  readonly isHostile?: boolean;
  /** It speaks as the next version of this program will. */
  readonly isNextVersion?: boolean;
  /** Where it runs; a machine of its own where absent. */
  readonly machine?: Machine;
}

/** A member over all its starts, with the truth about it: what its directory should say everywhere. */
export class Member {
  readonly id: MemberId;
  readonly isHostile: boolean;
  readonly isNextVersion: boolean;
  readonly machine: Machine;
  addresses: readonly string[];
  profile: MemberProfile;
  load: MemberLoad = { players: 0, publishers: 0, outboundKbps: 0 };
  /** Mesh keys of its config, as its next start reads them. */
  keys: readonly string[] = ['key'];
  /** Its wall clock against the others', ms. */
  wallSkewMs: number;
  /** As its data directory keeps it. */
  lastGeneration = 0;
  running: RunningCore | null = null;
  /** Its data directory is gone: this id never starts again. */
  isRetired = false;
  /** Something else listens in its place: it can't start. */
  isPortTaken = false;
  /** Another process has its identity, or had it until shortly before this time: nothing is expected until then. */
  disputedUntil = Number.NEGATIVE_INFINITY;
  /** Of copies of it, whose signed news others may hand on long after they ended. */
  readonly twinGenerations = new Set<number>();
  /** When it was last made to stand still, and when it did so for longer than is excused. */
  stalledAt = Number.NEGATIVE_INFINITY;
  readonly hangs: { readonly since: number; readonly until: number }[] = [];
  readonly ended: EndedStart[] = [];
  readonly claims = new Map<StreamKey, Claim>();
  /** All keys that it ever claimed in the present generation. */
  readonly claimedKeys = new Set<StreamKey>();
  /** How far its log was at the last looks, oldest first. */
  readonly past: { readonly at: number; readonly position: LogPosition }[] = [];

  constructor(id: MemberId, profile: MemberProfile, wallSkewMs: number, traits: MemberTraits = {}) {
    this.id = id;
    this.profile = profile;
    this.addresses = [`${id}:7946`];
    this.wallSkewMs = wallSkewMs;
    this.isHostile = traits.isHostile === true;
    this.isNextVersion = traits.isNextVersion === true;
    this.machine = traits.machine ?? id;
  }

  /** Greater than at each start before, also when the clock went back. */
  countStart(wallNow: number, random: () => number): number {
    this.lastGeneration = this.generationOfCopy(wallNow, random);
    return this.lastGeneration;
  }

  /** Of a start with a copy of its data directory. */
  generationOfCopy(wallNow: number, random: () => number): number {
    return nextGeneration(this.lastGeneration, wallNow + this.wallSkewMs, random);
  }

  get hungUntil(): number {
    return Math.max(Number.NEGATIVE_INFINITY, ...this.hangs.map(({ until }) => until));
  }

  /** When this start ended; null while it goes on. */
  endOf(generation: number): EndedStart | null {
    if (this.running?.generation === generation) return null;
    return this.ended.find((end) => end.generation === generation) ?? null;
  }

  /** How far its log was at that time, as far as is known. */
  positionAt(at: number): LogPosition | null {
    return this.past.findLast((one) => one.at <= at)?.position ?? null;
  }
}
