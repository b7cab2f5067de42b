import { type MemberId, ownerThrough } from '@headwater/directory';
import { type RelayOwner, type RelayRoute, routeOf } from './relay-owner.js';

/** See `SwitchRules.headOf`. */
export type HeadOf = (owner: RelayOwner, avoided: ReadonlySet<MemberId>) => MemberId | null;

interface RankingRules {
  readonly retryMs: number;
  readonly headOf?: HeadOf;
}

/** What the next owner is asked for. */
export interface OwnerWish {
  /** Of each relay that is open. */
  readonly connected: readonly (RelayOwner | null)[];
  /** Those of them that have not what is sought: what another way brings of the same owner is no more than this. */
  readonly unfit: readonly (RelayOwner | null)[];
  /** Those that should have been answered by now. The same owner, or the head that was asked, would be as slow. */
  readonly late: readonly (RelayOwner | null)[];
  /** A source feeds the stream, silent or not, and has not closed. */
  readonly isFed: boolean;
  /** Of the relay that is that source. */
  readonly fedFrom: RelayOwner | null;
  /** That source is silent. */
  readonly isSilent: boolean;
  /** Only one whose media flows is of use. */
  readonly mustFlow: boolean;
  /** Only one that does not drain is of use. */
  readonly mustStay: boolean;
  /** Only one whose claim tells of pictures is of use. */
  readonly mustShow: boolean;
}

/** How a relay ended by itself. */
export interface RelayEnd {
  /** Its publisher has ended too, so far as is known. */
  readonly isOver: boolean;
  readonly reason: string;
  readonly hadMedia: boolean;
  /** Members through which the owner may be pulled, since it could not be reached. */
  readonly detours?: readonly MemberId[] | undefined;
}

/**
 * Whom a stream can be pulled from, and what is known against each: which failed in this **round**, stalled, or broke last.
 * A round ends when the stream has a source again, or `retryMs` after all failed.
 *
 * Where relays may pull from each other (`headOf`), an owner is pulled through a head of this member's zone, and directly
 * where that is no way: it cannot be reached, refuses, or does not answer. A head that breaks or falls silent is avoided for a while:
 * another one is asked, for the same owner where the head broke, for another owner where it is silent, since nobody knows
 * which of both it is. Where a head says that the owner's connection broke, it counts as that: other owners come first.
 */
export class OwnerRanking {
  readonly #rules: RankingRules;
  #owners: readonly RelayOwner[] = [];
  /** Which routes failed in this round, with the claim that did; another claim of the owner is worth another try. */
  readonly #failed = new Map<RelayRoute, { readonly sinceMs: number; readonly isOver: boolean }>();
  /** Whose publisher was told to have ended in this round, with the claim that did. */
  readonly #ended = new Map<MemberId, number>();
  /** Through whom owners may be pulled that could not be reached in this round. */
  readonly #detours = new Map<MemberId, readonly MemberId[]>();
  /** Heads through which the stream did not come well, and since when. */
  readonly #avoided = new Map<MemberId, number>();
  /** A head refused or did not answer in this round: no other one is asked. */
  #isHeadless = false;
  readonly #stalledMs = new Map<RelayRoute, number>();
  /** Whose connection broke last. */
  #broken: { readonly route: RelayRoute; readonly atMs: number } | null = null;

  constructor(rules: RankingRules) {
    this.#rules = rules;
  }

  get isEmpty(): boolean {
    return this.#owners.length === 0;
  }

  /** Some failed in this round, and nothing but another round makes them worth a try. */
  get hasFailed(): boolean {
    return this.#failed.size > 0;
  }

  /** When one that stalled may be asked again, ms. */
  *freshAtMs(): Iterable<number> {
    for (const stalledMs of this.#stalledMs.values()) yield stalledMs + STALL_PENALTY_MS;
  }

  /** Best first. */
  set(owners: readonly RelayOwner[]): void {
    this.#owners = owners;
  }

  /** What the mesh says of a relay's owner now; undefined where it is no owner any more. */
  now(asked: RelayOwner | null): RelayOwner | undefined {
    return this.#owners.find((owner) => isSameOwner(asked, owner));
  }

  newRound(): void {
    this.#failed.clear();
    this.#ended.clear();
    this.#detours.clear();
    this.#isHeadless = false;
  }

  /** Who failed in this round may be asked once more, but for those whose publisher has ended. */
  forgive(): void {
    for (const [route, { isOver }] of this.#failed) if (!isOver) this.#failed.delete(route);
  }

  stalled(owner: RelayOwner, nowMs: number): void {
    for (const [route, atMs] of this.#stalledMs) {
      if (nowMs - atMs >= STALL_PENALTY_MS) this.#stalledMs.delete(route);
    }
    this.#stalledMs.set(routeOf(owner), nowMs);
    this.#avoid(owner, nowMs);
  }

  /** One whose connection broke after it was well may have the next frame still: others first, then it, at once. */
  blame(owner: RelayOwner, end: RelayEnd, nowMs: number): void {
    const { isOver, hadMedia, detours } = end;
    const route = routeOf(owner);
    const { sinceMs } = owner.claim;
    const isDirect = (owner.through ?? null) === null;
    // Who gave nothing knows of no publisher; one that ended has ended on every way.
    if (!isDirect && !(isOver && hadMedia)) this.#blameHead(owner, end, nowMs);
    else if (isOver && this.#rules.headOf !== undefined) this.#ended.set(owner.member, sinceMs);
    const isAgain = this.#broken?.route === route && nowMs - this.#broken.atMs < this.#rules.retryMs;
    if (hadMedia && !isOver && !isAgain) this.#broken = { route, atMs: nowMs };
    else this.#failed.set(route, { sinceMs, isOver });
    if (detours !== undefined) this.#detours.set(owner.member, detours);
  }

  /**
   * The best owner to open a relay to: none that is connected, failed in this round, or could give nothing better. One that
   * could not be reached comes again, through another member, after all the others.
   */
  next(wish: OwnerWish, nowMs: number): RelayOwner | undefined {
    const { isFed, fedFrom } = wish;
    const connected = new Set(wish.connected.map((owner) => owner && routeOf(owner)));
    const isOpen = (owner: RelayOwner): boolean =>
      !connected.has(routeOf(owner)) &&
      ![...wish.unfit, ...wish.late].some((other) => isSameOwner(other, owner)) &&
      this.#failed.get(routeOf(owner))?.sinceMs !== owner.claim.sinceMs &&
      this.#ended.get(owner.member) !== owner.claim.sinceMs &&
      !(wish.mustFlow && owner.claim.silent === true) &&
      !(wish.mustStay && owner.profile.draining) &&
      !(wish.mustShow && owner.claim.media.video === undefined);
    const isFresh = (owner: RelayOwner): boolean =>
      nowMs - (this.#stalledMs.get(routeOf(owner)) ?? Number.NEGATIVE_INFINITY) >= STALL_PENALTY_MS;
    const ways = this.#throughHeads(wish, nowMs);
    // Who is silent behind a head may be the owner.
    const suspect = isFed && ways !== this.#owners ? fedFrom?.member : undefined;
    const bestOf = (owners: readonly RelayOwner[]): RelayOwner | undefined => {
      const open = owners.filter(isOpen);
      const fresh = open.filter(isFresh);
      const unbroken = fresh.filter((owner) => routeOf(owner) !== this.#broken?.route);
      return (
        unbroken.find(({ member }) => member !== suspect) ??
        unbroken[0] ??
        fresh[0] ??
        (isFed ? undefined : open[0])
      );
    };
    return (
      bestOf(ways) ??
      (ways === this.#owners ? undefined : bestOf(this.#owners)) ??
      this.#roundabout().find((owner) => isOpen(owner) && isFresh(owner))
    );
  }

  /** The owners, each by the way on which it is to be pulled. */
  #throughHeads({ isFed, isSilent, fedFrom, late }: OwnerWish, nowMs: number): readonly RelayOwner[] {
    const { headOf } = this.#rules;
    if (headOf === undefined || this.#isHeadless) return this.#owners;
    const avoided = new Set<MemberId>();
    for (const [head, sinceMs] of this.#avoided) {
      if (nowMs - sinceMs < AVOID_MS) avoided.add(head);
      else this.#avoided.delete(head);
    }
    // One that has closed is blamed already, if it is to be.
    const silentHead = isFed && isSilent ? fedFrom?.through : null;
    for (const head of [silentHead, ...late.map((owner) => owner?.through)])
      if (typeof head === 'string') avoided.add(head);
    if (avoided.size >= AVOIDED_MAX) return this.#owners;
    return this.#owners.map((owner) => {
      const isDirect = owner.worker === undefined && (owner.through ?? null) === null;
      const head = isDirect ? headOf(owner, avoided) : null;
      return head === null ? owner : ownerThrough(owner, head);
    });
  }

  /** The owners that could not be reached, through each member that may reach them. */
  #roundabout(): RelayOwner[] {
    if (this.#detours.size === 0) return [];
    return this.#owners.flatMap((owner) =>
      (this.#detours.get(owner.member) ?? []).map((through) => ownerThrough(owner, through)),
    );
  }

  /** Told by a head, the end is not its fault. */
  #blameHead(owner: RelayOwner, { hadMedia, reason }: RelayEnd, nowMs: number): void {
    if (!hadMedia && reason !== 'unreachable') this.#isHeadless = true;
    if (reason !== 'refused') this.#avoid(owner, nowMs);
  }

  #avoid({ through }: RelayOwner, nowMs: number): void {
    if (this.#rules.headOf !== undefined && typeof through === 'string') this.#avoided.set(through, nowMs);
  }
}

const isSameOwner = (asked: RelayOwner | null, { member, worker }: RelayOwner): boolean =>
  member === asked?.member && worker?.worker === asked.worker?.worker;

/** An owner that stalled is not asked again for this long while another source may go on. */
const STALL_PENALTY_MS = 1000;
/** After so many heads that were no good the owner itself is pulled from; after one that refuses or does not answer, at once. */
const AVOIDED_MAX = 3;
/** A head through which the stream did not come well is not asked again for this long; by then the mesh knows of what was wrong with it. */
const AVOID_MS = 10_000;
