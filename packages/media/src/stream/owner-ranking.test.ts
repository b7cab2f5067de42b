import { beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../testing/stream-world.js';
import { type HeadOf, OwnerRanking, type OwnerWish, type RelayEnd } from './owner-ranking.js';
import { fromWorker, type RelayOwner, routeOf } from './relay-owner.js';

const RETRY_MS = 700;
const A = ownerOf('a');
const B = ownerOf('b');
const C = ownerOf('c');
const through = (name: string, head: string) => ownerOf(name, { through: head });

/** Nothing is connected, and nothing feeds the stream. */
const NOTHING: OwnerWish = {
  connected: [],
  unfit: [],
  late: [],
  isFed: false,
  fedFrom: null,
  isSilent: false,
  mustFlow: false,
  mustStay: false,
  mustShow: false,
};
const FED: Partial<OwnerWish> = { isFed: true };

const REFUSED: RelayEnd = { isOver: false, reason: 'refused', hadMedia: false };
const BROKEN: RelayEnd = { isOver: false, reason: 'broken', hadMedia: true };
const ENDED: RelayEnd = { isOver: true, reason: 'publisher-ended', hadMedia: true };
const UNREACHABLE: RelayEnd = { isOver: false, reason: 'unreachable', hadMedia: false };

let ranking: OwnerRanking;
let nowMs: number;

function start(...owners: readonly RelayOwner[]): void {
  ranking.set(owners);
}

/** Whom it would ask now, with the way. */
function next(wish: Partial<OwnerWish> = {}): string | null {
  const owner = ranking.next({ ...NOTHING, ...wish }, nowMs);
  return owner === undefined ? null : routeOf(owner);
}

const blame = (owner: RelayOwner, end: RelayEnd): void => ranking.blame(owner, end, nowMs);

beforeEach(() => {
  nowMs = 50_000;
  ranking = new OwnerRanking({ retryMs: RETRY_MS });
});

describe('OwnerRanking', () => {
  it('asks the best that is not connected', () => {
    expect([ranking.isEmpty, next()]).toEqual([true, null]);
    start(A, B);
    expect([ranking.isEmpty, next()]).toEqual([false, 'a']);
    expect(next({ connected: [A] })).toBe('b');
    expect(next({ connected: [null, B, A] })).toBeNull();
  });

  it('asks nobody of whom what is sought is known to be missing, on any way', () => {
    start(A, through('a', 'c'), B);
    expect(next({ unfit: [A] })).toBe('b');
    expect(next({ unfit: [through('a', 'x'), null] })).toBe('b');
    start(fromWorker(A, { worker: 1, path: '/w' }), A);
    expect(next({ unfit: [A] })).toBe('a worker 1');
  });

  it('asks only those that flow, or stay, where nothing else is of use', () => {
    const silent = ownerOf('s', { silent: true });
    const draining = ownerOf('d', { draining: true });
    start(silent, draining, A);
    expect([next(), next({ mustFlow: true })]).toEqual(['s', 'd']);
    expect(next({ mustStay: true })).toBe('s');
    expect(next({ mustFlow: true, mustStay: true })).toBe('a');
  });

  it('tells what the mesh says of an owner now, whatever the way', () => {
    const now = ownerOf('a', { silent: true });
    start(B, now);
    expect([ranking.now(through('a', 'c')), ranking.now(C), ranking.now(null)]).toEqual([
      now,
      undefined,
      undefined,
    ]);
  });

  it('asks who failed no more in this round, but for another claim', () => {
    start(A, B);
    expect(ranking.hasFailed).toBe(false);
    blame(A, REFUSED);
    expect([ranking.hasFailed, next()]).toEqual([true, 'b']);
    blame(B, REFUSED);
    expect(next()).toBeNull();
    start(ownerOf('a', { sinceMs: 2 }), B);
    expect(next()).toBe('a');
    start(A, B);
    ranking.newRound();
    expect([ranking.hasFailed, next()]).toEqual([false, 'a']);
  });

  it('forgives those that failed, not those whose publisher has ended', () => {
    start(A, B);
    blame(A, ENDED);
    blame(B, REFUSED);
    ranking.forgive();
    expect([next(), ranking.hasFailed]).toEqual(['b', true]);
    expect(next({ connected: [B] })).toBeNull();
  });

  it('asks one whose connection broke after all others, at once; and no more where it breaks again at once', () => {
    start(A, B);
    blame(A, BROKEN);
    expect([next(), next({ connected: [B] }), ranking.hasFailed]).toEqual(['b', 'a', false]);
    nowMs += RETRY_MS - 1;
    blame(A, BROKEN);
    expect([next({ connected: [B] }), ranking.hasFailed]).toEqual([null, true]);
  });

  it('takes one that breaks later as one that broke once', () => {
    start(A, B);
    blame(A, BROKEN);
    nowMs += RETRY_MS;
    blame(A, BROKEN);
    expect(next({ connected: [B] })).toBe('a');
  });

  it('asks one that stalled for a second only where nothing feeds the stream, and after all others', () => {
    start(A, B);
    ranking.stalled(A, nowMs);
    expect([next(), next(FED)]).toEqual(['b', 'b']);
    expect([next({ connected: [B] }), next({ ...FED, connected: [B] })]).toEqual(['a', null]);
    expect([...ranking.freshAtMs()]).toEqual([nowMs + 1000]);
    nowMs += 999;
    expect(next({ ...FED, connected: [B] })).toBeNull();
    nowMs += 1;
    expect(next({ ...FED, connected: [B] })).toBe('a');
    ranking.stalled(B, nowMs);
    expect([...ranking.freshAtMs()]).toEqual([nowMs + 1000]);
  });

  it('keeps in mind of each that it stalled', () => {
    start(A, B);
    ranking.stalled(A, nowMs);
    nowMs += 500;
    ranking.stalled(B, nowMs);
    expect(next(FED)).toBeNull();
    nowMs += 500;
    expect(next(FED)).toBe('a');
  });

  it('asks the owner of what is silent on another way first, where that is the best', () => {
    start(through('a', 'x'), B);
    expect(next({ ...FED, fedFrom: A, isSilent: true, connected: [A] })).toBe('a x');
  });

  it('asks one that could not be reached through another member, after all others', () => {
    start(A, B);
    blame(A, { ...UNREACHABLE, detours: ['x', 'y'] });
    expect([next(), next({ connected: [B] })]).toEqual(['b', 'a x']);
    blame(through('a', 'x'), REFUSED);
    expect(next({ connected: [B] })).toBe('a y');
    ranking.stalled(through('a', 'y'), nowMs);
    expect(next({ connected: [B] })).toBeNull();
    nowMs += 1000;
    expect(next({ connected: [B] })).toBe('a y');
    ranking.newRound();
    expect(next({ connected: [A, B] })).toBeNull();
  });
});

describe('OwnerRanking where relays may pull from each other', () => {
  /** Heads of this zone, best first. */
  let heads: readonly string[];
  const headOf: HeadOf = (_owner, avoided) => heads.find((head) => !avoided.has(head)) ?? null;

  beforeEach(() => {
    heads = ['h', 'i', 'j', 'k'];
    ranking = new OwnerRanking({ retryMs: RETRY_MS, headOf });
    start(A, B);
  });

  it('pulls through a head, and directly where there is none, or from a worker', () => {
    expect(next()).toBe('a h');
    start(through('a', 'x'), B);
    expect(next()).toBe('a x');
    start(fromWorker(A, { worker: 1, path: '/w' }), B);
    expect(next()).toBe('a worker 1');
    heads = [];
    start(A, B);
    expect(next()).toBe('a');
  });

  it('asks another head for the same owner where one broke, for 10 s', () => {
    blame(through('a', 'h'), BROKEN);
    expect(next()).toBe('a i');
    nowMs += 9999;
    start(A);
    expect(next()).toBe('a i');
    nowMs += 1;
    expect(next()).toBe('a h');
  });

  it('pulls from owners themselves after a head refused, or three were no good', () => {
    blame(through('a', 'h'), REFUSED);
    expect(next()).toBe('a');
    ranking.newRound();
    // Who refuses is no worse a head for others.
    expect(next()).toBe('a h');
    for (const head of ['h', 'i']) blame(through('a', head), BROKEN);
    expect(next()).toBe('a j');
    blame(through('a', 'j'), BROKEN);
    expect(next()).toBe('a');
  });

  it('asks the next head where one cannot be reached', () => {
    blame(through('a', 'h'), UNREACHABLE);
    expect(next()).toBe('a i');
  });

  it('asks an owner whose publisher ended on no way', () => {
    blame(through('a', 'h'), ENDED);
    expect([next(), next({ connected: [through('b', 'h')] })]).toEqual(['b h', 'b']);
    expect(next({ connected: [through('b', 'h'), B] })).toBeNull();
    ranking.newRound();
    expect(next()).toBe('a h');
  });

  it('believes no head that gave nothing that the publisher ended', () => {
    blame(through('a', 'h'), { ...ENDED, hadMedia: false });
    expect(next()).toBe('a');
  });

  it('asks for another owner, through another head, where what comes through one is silent', () => {
    const fedFrom = through('a', 'h');
    const silent = { ...FED, fedFrom, isSilent: true, connected: [fedFrom] };
    expect(next(silent)).toBe('b i');
    expect(next({ ...silent, isSilent: false })).toBe('b h');
    start(A);
    expect(next(silent)).toBe('a i');
  });

  it('asks for the best owner, through a head, where it is the publisher here that is silent', () => {
    expect(next({ ...FED, isSilent: true, mustFlow: true })).toBe('a h');
  });

  it('holds what an owner did without a head against no head', () => {
    for (const head of ['h', 'i']) ranking.stalled(through('a', head), nowMs);
    ranking.stalled(A, nowMs);
    blame(A, REFUSED);
    expect(next()).toBe('a j');
  });

  it('asks beside a head that does not answer another owner, through another head', () => {
    const late = [through('a', 'h')];
    expect(next({ connected: late, late })).toBe('b i');
    start(A);
    expect(next({ connected: late, late })).toBeNull();
  });

  it('avoids a head through which the stream stalled', () => {
    ranking.stalled(through('a', 'h'), nowMs);
    expect(next()).toBe('a i');
  });
});
