import type { Liveness, MemberId } from '@headwater/directory';
import type { Evidence } from './failure-detector.js';
import type { Proof } from './heartbeat-exchange.js';
import { ANSWER_WAIT_MS, WITNESSED_MAX_MS } from './limits.js';
import { digestNumber, digestsIn, includesDigest, joinDigests, startDigest } from './member-digest.js';
import type { Heartbeat } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';

/**
 * A member whose last witness ceased to hear it is given so much of `deadAfterMs`: it was silent for all for as long as makes
 * a suspect, and this long before it is found dead by its own silence everywhere.
 */
const WITNESS_GRACE = 2 / 3;

/** And no more than this beyond it where witnesses are far away or late, ms. */
const WITNESS_LEEWAY_MAX_MS = 3_000;

/** How many others are asked when a connection closes. */
const WITNESSES_ASKED = 2;

/** What others that are heard say of a member, as far as it counts. */
export interface Testimony {
  /** Those that hear it. */
  readonly witnesses: readonly Peer[];
  /** Somebody was asked whose last word is that it hears it: until when another one is awaited; null: nobody. */
  readonly awaitedUntil: number | null;
  /** When somebody heard it last; null: nobody since it was heard here. */
  readonly witnessedAt: number | null;
}

/** `until`: when the verdict changes if nothing happens; null: never by itself. */
export interface Verdict {
  readonly liveness: Exclude<Liveness, 'left'>;
  readonly until: number | null;
}

/**
 * What is believed of a member that was met, by the own link with it and by what others say.
 *
 * | own link                      | a witness hears it | nobody hears it                                        |
 * | ----------------------------- | ------------------ | ------------------------------------------------------ |
 * | heard                         | alive              | alive                                                  |
 * | quiet                         | unreachable        | suspect                                                |
 * | lost, being redialled         | suspect            | suspect                                                |
 * | lost, refused, answer awaited | suspect            | suspect                                                |
 * | lost, refused                 | unreachable        | dead                                                   |
 * | gone                          | unreachable        | suspect for `graceMs` after the last witness, dead     |
 *
 * An answer is awaited from those that were asked when the connection closed, while their last word is that they hear the
 * member: also one that says so again may be about to find out that it is not so.
 */
export function verdictOf(own: Evidence, others: Testimony, graceMs: number, now: number): Verdict {
  const isWitnessed = others.witnesses.length > 0;
  switch (own.kind) {
    case 'heard':
      return { liveness: 'alive', until: null };
    case 'quiet':
      return isWitnessed
        ? { liveness: 'unreachable', until: null }
        : { liveness: 'suspect', until: own.until };
    case 'lost': {
      if (!own.isRefused) return { liveness: 'suspect', until: own.until };
      const { awaitedUntil } = others;
      if (awaitedUntil !== null && now < awaitedUntil)
        return { liveness: 'suspect', until: Math.min(awaitedUntil, own.until) };
      return { liveness: isWitnessed ? 'unreachable' : 'dead', until: null };
    }
    case 'gone': {
      if (isWitnessed) return { liveness: 'unreachable', until: null };
      const deadAt = (others.witnessedAt ?? Number.NEGATIVE_INFINITY) + graceMs;
      return now < deadAt ? { liveness: 'suspect', until: deadAt } : { liveness: 'dead', until: null };
    }
  }
}

/**
 * A link is not a member: whom this one does not hear, others may. Each heartbeat says whom its sender hears, and that
 * counts here
 * - while the sender itself is heard,
 * - for the start of the member that is known here, and for no other one,
 * - after a connection closed: if it was said after that, which the echo of a heartbeat from here proves. What the dead
 *   are to come back for must be said after they were taken for dead, also where they were forgotten since.
 * - for `WITNESSED_MAX_MS` after the member's own last word (heard here, or signed news that are new): who lies about a
 *   dead member keeps its claims for no longer.
 *
 * Whoever loses a connection asks some others at once, by a heartbeat that lists the member no more, and who had said that
 * it hears the member answers. So a single broken link is known as one within a round trip, and after a crash a few words
 * are enough. Who falls silent is missed by all at about the same time: then everybody tells everybody. Who was told that it
 * is not heard, and is, is told at once: it would take this one for dead.
 */
export class Reachability {
  readonly #peers: Peers;
  readonly #deadAfterMs: number;
  /** Of the present generation of this member and of the one before, which others may still hear. */
  #own: readonly Uint8Array[];
  /** As heartbeats tell it; null: to be put together anew. */
  #hears: Uint8Array | null = null;
  readonly #toTell = new Set<Peer>();
  /** Heard again, and told last that they are not. */
  readonly #heardAgain = new Set<Peer>();
  #areAllToTell = false;
  readonly #random: () => number;

  constructor(peers: Peers, ownGeneration: number, deadAfterMs: number, random: () => number) {
    this.#peers = peers;
    this.#random = random;
    this.#own = [startDigest(peers.self, ownGeneration)];
    this.#deadAfterMs = deadAfterMs;
  }

  /** This member has a newer generation. */
  beginGeneration(generation: number): void {
    this.#own = [startDigest(this.#peers.self, generation), ...this.#own.slice(0, 1)];
  }

  /** Whom this member hears: `joinDigests` of their starts. */
  get hears(): Uint8Array {
    this.#hears ??= joinDigests([...this.#peers].filter(({ isHeard }) => isHeard).map((peer) => peer.digest));
    return this.#hears;
  }

  /**
   * Who is to be told at once that some member is not heard any more (`all`: everybody), or that it is heard again itself,
   * where nothing told it that in the meantime.
   */
  takeToTell(): { readonly all: boolean; readonly peers: readonly Peer[] } {
    for (const peer of this.#heardAgain) if (peer.isHeard && !wasToldSo(peer)) this.#toTell.add(peer);
    this.#heardAgain.clear();
    const toTell = { all: this.#areAllToTell, peers: [...this.#toTell] };
    this.#areAllToTell = false;
    this.#toTell.clear();
    return toTell;
  }

  /** Looks whether a member is heard. To be called after whatever may change that. */
  note(peer: Peer, now: number): void {
    const before = peer.heardDigest;
    peer.noteHeard(now);
    if (before === peer.heardDigest) return;
    this.#hears = null;
    if (before === null && peer.told !== null) this.#heardAgain.add(peer);
    if (before === null || peer.isHeard) return;
    if (peer.isGreeted) this.#areAllToTell = true;
    else this.#ask(peer, before, now);
  }

  /** The connection closes of one that was not heard on it any more, as others were told: what they said before counts no more. */
  closedUnheard(peer: Peer, now: number): void {
    if (!peer.isHeard) this.#ask(peer, peer.digest, now);
  }

  /** Its connection closed: some are asked whether they hear it, and those are told that were told so before. */
  #ask(peer: Peer, digest: Uint8Array, now: number): void {
    const hearing: Peer[] = [];
    const number = digestNumber(digest);
    for (const other of this.#peers) {
      const word = other === peer ? null : other.wordAt(now);
      if (word === null) continue;
      if (word.starts.has(number)) hearing.push(other);
      else if (other.told !== null && includesDigest(other.told, digest)) this.#toTell.add(other);
    }
    const asked: Peer[] = [];
    while (asked.length < WITNESSES_ASKED && hearing.length > 0)
      asked.push(...hearing.splice(Math.floor(this.#random() * hearing.length), 1));
    for (const other of asked) this.#toTell.add(other);
    peer.asked = asked;
  }

  /**
   * Takes note of what a member says. Returns whether it waits for the word of this one. `isDisputed`: two hold its identity
   * or this one's, and what reaches one of them does not reach the other: that says nothing about the link.
   */
  heard(
    peer: Peer,
    { hears, lateMs }: Heartbeat,
    proof: Proof | null,
    isDisputed: boolean,
    now: number,
  ): boolean {
    peer.lateMs = lateMs ?? 0;
    const before = peer.word;
    if (hears === undefined) {
      // It does not know at the moment, after it stood still: what it said before stands as long as it would have anyway.
      if (before !== null && peer.isWordKept(now)) peer.says({ ...before, at: now });
      peer.detector.tellsNothing(now);
      return false;
    }
    const saidAfter = proof?.saidAfter ?? Number.NEGATIVE_INFINITY;
    const isSame = before !== null && Buffer.compare(before.hears, hears) === 0;
    peer.says(
      isSame
        ? { hears: before.hears, starts: before.starts, at: now, saidAfter }
        : { hears: hears.slice(), starts: digestsIn(hears), at: now, saidAfter },
    );
    const isHeard = isDisputed || this.#own.some((own) => includesDigest(hears, own));
    peer.detector.hearsUs(isHeard, now, peer.answerMs, saidAfter);
    if (before === null || isSame) return false;
    const { told } = peer;
    if (told === null) return false;
    for (const { digest } of this.#peers)
      if (
        includesDigest(before.hears, digest) &&
        !includesDigest(hears, digest) &&
        includesDigest(told, digest)
      )
        return true;
    return false;
  }

  judge(peer: Peer, now: number): Verdict {
    const evidence = peer.evidence(now);
    if (evidence.kind === 'heard') {
      peer.witnessedAt = null;
      return verdictOf(evidence, NOBODY, 0, now);
    }
    const { witnesses, awaitedUntil } = this.#testimony(peer, evidence, now);
    if (witnesses.length > 0) {
      peer.witnessedAt = now;
      // They may lose it for a moment too, and need as long as anybody to hear it again.
      const leewayMs = Math.max(...witnesses.map(({ witnessLeewayMs }) => witnessLeewayMs));
      peer.hearAgainMs = Math.min(leewayMs, WITNESS_LEEWAY_MAX_MS);
    }
    const { witnessedAt } = peer;
    const graceMs = WITNESS_GRACE * this.#deadAfterMs + peer.hearAgainMs;
    return verdictOf(evidence, { witnesses, awaitedUntil, witnessedAt }, graceMs, now);
  }

  /** Members that are heard and hear this one, by id. */
  through(peer: Peer, now: number): readonly MemberId[] {
    return this.#testimony(peer, peer.evidence(now), now)
      .witnesses.map(({ id }) => id)
      .sort();
  }

  /** Some other member says that it hears this start of a member. */
  isWitnessed(id: MemberId, generation: number, now: number): boolean {
    const peer = this.#peers.get(id);
    const number = peer?.digestNumberOf(generation) ?? digestNumber(startDigest(id, generation));
    const buriedSince = this.#peers.buriedSince(id, generation);
    for (const other of this.#peers) {
      if (other === peer || !hears(other, number)) continue;
      const word = other.wordAt(now);
      if (word !== null && word.saidAfter >= buriedSince) return true;
    }
    return false;
  }

  /** It is not heard here, also where it is a start that was never met, while others hear it. */
  isOnlyHeardByOthers(peer: Peer, now: number): boolean {
    if (peer.isHeard || peer.hasLeft) return false;
    const { life } = peer.state;
    if (life.kind === 'unreachable') return true;
    return peer.namedAs > peer.greetedAs && this.isWitnessed(peer.id, peer.namedAs, now);
  }

  #testimony(peer: Peer, evidence: Evidence, now: number): Pick<Testimony, 'witnesses' | 'awaitedUntil'> {
    const { generation } = this.#peers.directory.position(peer.id);
    const number = peer.digestNumberOf(generation);
    const { life } = peer.state;
    const lostAt = 'lostAt' in evidence ? evidence.lostAt : null;
    const sinceMs = Math.max(
      life.kind === 'dead' ? life.since : (lostAt ?? Number.NEGATIVE_INFINITY),
      this.#peers.buriedSince(peer.id, generation),
    );
    const isTooLong = now - peer.ownWordAt >= WITNESSED_MAX_MS;
    const witnesses: Peer[] = [];
    let awaitedUntil: number | null = null;
    for (const other of this.#peers) {
      if (other === peer || !hears(other, number)) continue;
      const word = other.wordAt(now);
      if (word === null) continue;
      if (word.saidAfter >= sinceMs && !isTooLong) witnesses.push(other);
      if (evidence.kind !== 'lost' || !peer.asked.includes(other)) continue;
      const answerAt = evidence.countedFrom + Math.max(ANSWER_WAIT_MS, 1.5 * other.answerMs);
      awaitedUntil = Math.max(awaitedUntil ?? 0, answerAt);
    }
    return { witnesses, awaitedUntil };
  }
}

/** Its last heartbeat from here listed it as heard. */
const wasToldSo = ({ told, digest }: Peer): boolean => told !== null && includesDigest(told, digest);

/** Whether it said so last; that may not count any more. Asked before what takes longer to find out. */
const hears = (peer: Peer, start: number): boolean => peer.word?.starts.has(start) === true;

const NOBODY: Testimony = { witnesses: [], awaitedUntil: null, witnessedAt: null };
