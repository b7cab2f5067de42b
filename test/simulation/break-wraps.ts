import {
  type Applied,
  type Claim,
  claimsStand,
  type Delta,
  type Directory,
  type MemberId,
  OwnersChange,
  type StreamKey,
} from '@headwater/directory';
import {
  CONFIRM_MS,
  type DirectMessage,
  type Effects,
  type Input,
  type MemberCore,
} from '@headwater/mesh/core';
import type { World } from './world.js';

/** What faults that are put in on purpose are made of: they wrap what a core shows to everybody. */

const claimsOf = (directory: Directory, member: MemberId): Map<StreamKey, Claim> => {
  const claims = new Map<StreamKey, Claim>();
  for (const key of directory.streams())
    for (const owner of directory.owners(key)) if (owner.member === member) claims.set(key, owner.claim);
  return claims;
};

/** Also those that do not stand, since it is dead. */
export const allClaimsOf = (directory: Directory, member: MemberId): Map<StreamKey, Claim> =>
  new Map([...directory.claimsOf(member)].map((claim) => [claim.key, claim]));

/** Changes the claims held of a member behind the directory's back, its position stays (or becomes `version`). */
export function tamper(
  directory: Directory,
  apply: Directory['apply'],
  member: MemberId,
  change: (claims: Map<StreamKey, Claim>) => void,
  version = directory.position(member).version,
): OwnersChange {
  const changed = new OwnersChange();
  const state = directory.member(member);
  const isStanding = state !== undefined && claimsStand(state.liveness);
  if (!state || !isStanding || member === directory.self || version < 1) return changed;
  const { generation } = state.position;
  const claims = claimsOf(directory, member);
  change(claims);
  changed.join(directory.forget(member));
  const entries: Delta['entries'] = [
    ...(state.profile ? [{ kind: 'profile', version, profile: state.profile } as const] : []),
    ...[...claims.values()].map((claim) => ({ kind: 'claim', version, claim }) as const),
  ];
  const applied = apply({ member, generation, from: 0, to: version, entries });
  directory.setLiveness(member, state.liveness);
  directory.setLoad(member, state.load);
  changed.join(applied.changed);
  return changed;
}

export function enter(claims: Map<StreamKey, Claim>, entries: Delta['entries']): void {
  for (const entry of entries) {
    if (entry.kind === 'claim') claims.set(entry.claim.key, entry.claim);
    else if (entry.kind === 'release') claims.delete(entry.key);
  }
}

export function flowing(entry: Delta['entries'][number]): Delta['entries'][number] {
  if (entry.kind !== 'claim') return entry;
  const { silent: _, ...claim } = entry.claim;
  return { ...entry, claim };
}

/** Keeps what `Envelopes` keeps, without its limits. */
export class Hoard {
  readonly #kept: Uint8Array[] = [];

  get count(): number {
    return this.#kept.length;
  }

  get bytes(): number {
    return this.#kept.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  keep(_delta: Delta, signedBytes: Uint8Array): void {
    this.#kept.push(signedBytes);
  }

  since(): readonly Uint8Array[] {
    return [];
  }

  clear(): void {}
}

/** Wraps `apply`; `next` is the real one. */
export function onApply(
  core: MemberCore,
  apply: (delta: Delta, next: (delta: Delta) => Applied, directory: Directory) => Applied,
): void {
  const { directory } = core;
  const next = directory.apply.bind(directory);
  directory.apply = (delta) => (delta.member === core.self ? next(delta) : apply(delta, next, directory));
}

/** Wraps `step`; `next` is the real one. */
export function onStep(
  core: MemberCore,
  step: (input: Input, now: number, next: (input: Input, now: number) => Effects) => Effects,
): void {
  const next = core.step.bind(core);
  core.step = (input, now) => step(input, now, next);
}

export function onSends(core: MemberCore, send: (message: DirectMessage) => DirectMessage | null): void {
  onStep(core, (input, now, next) => {
    const effects = next(input, now);
    const sends = effects.sends.splice(0);
    for (const { to, message } of sends) {
      const changed = send(message);
      if (changed) effects.send(to, changed);
    }
    return effects;
  });
}

interface Detector {
  readonly wordAt: number;
  evidence(now: number, leeway: unknown): { readonly kind: string };
}

export const detectorOf = (core: MemberCore, id: MemberId): Detector | undefined =>
  (core.peer(id) as unknown as { readonly detector: Detector } | undefined)?.detector;

/** Members are given no more time than those on fast paths that are on time. */
export function withoutLeeway(core: MemberCore): void {
  const leeway = { confirmMs: CONFIRM_MS, refusalMs: 500, silenceMs: 0, deadMs: 0 };
  onStep(core, (input, now, next) => {
    for (const { id } of core.directory.members()) {
      const peer = core.peer(id);
      if (peer !== undefined && !Object.hasOwn(peer, 'leeway'))
        Object.defineProperty(peer, 'leeway', { value: leeway });
    }
    return next(input, now);
  });
}

/** From then on every turn of everybody's loop is late, ms. */
const LATE_FROM_MS = 3_000;
const LATE_MS = 500;

export function allLate(world: World): void {
  world.timeline.after(LATE_FROM_MS, () => {
    for (const member of world.members.values()) world.setLate(member, LATE_MS);
  });
}

/** The time in which a death must be confirmed begins once more; silence for too long is a death all the same. */
export function confirmAnew(detector: Detector | undefined, lostAt: number): void {
  if (!detector) return;
  believe(detector);
  const evidence = detector.evidence.bind(detector);
  detector.evidence = (now, leeway) => {
    const until = Math.min(lostAt + CONFIRM_MS, detector.wordAt + SILENCE_MS);
    return now < until
      ? ({ kind: 'lost', lostAt, countedFrom: lostAt, isRefused: false, until } as { readonly kind: string })
      : evidence(now, leeway);
  };
}

/** What it says by itself. */
export function believe(detector: Detector | undefined): void {
  if (detector) Reflect.deleteProperty(detector, 'evidence');
}

/** Of members of the simulator, until death. */
const SILENCE_MS = 2_700;
