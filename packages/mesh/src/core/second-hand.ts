import { comparePositions } from '@headwater/directory';
import type { HandedOn } from './input.js';
import { ASK_PAUSE_MS, ASKS_PER_SECOND_MAX, PART_BYTES_MAX, UNREACHABLE_ASK_PAUSE_MS } from './limits.js';
import type { Ask, DeltaNews, Words } from './messages.js';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Penalties } from './penalties.js';
import type { Repair } from './repair.js';
import type { Step } from './step.js';
import { fitting } from './wire-size.js';

/**
 * Repair where the owner itself can't be asked: news of who is suspect or unreachable are asked of any other member, of one
 * that hears it where there is one, who hands on the envelopes as the owner signed them. They tell what the owner said, never that it lives: that is only believed of its own word.
 */
export class SecondHand {
  readonly #peers: Peers;
  readonly #penalties: Penalties;
  readonly #repair: Repair;
  readonly #random: () => number;
  /** Above all of an earlier start of this member, which may be answered late. */
  readonly #firstAsk: number;
  #asks: number;

  /** `generation`: of this start; generations are ms, and far less than a question is asked in each. */
  constructor(peers: Peers, penalties: Penalties, repair: Repair, generation: number, random: () => number) {
    this.#peers = peers;
    this.#penalties = penalties;
    this.#repair = repair;
    this.#random = random;
    this.#firstAsk = generation;
    this.#asks = generation;
  }

  /**
   * Asks others for the news of those that can't be asked themselves, now and then: also news of which nothing is known
   * here. Who waited longest comes first: each other one is asked one question at a time.
   */
  tick(step: Step): void {
    // Stryker disable next-line MethodExpression,ConditionalExpression,LogicalOperator,StringLiteral: it saves work; the directory is asked for each of them below.
    const unheard = [...this.#peers].filter((peer) => peer.isMet && peer.state.life.kind !== 'alive');
    unheard.sort((a, b) => a.questions.soughtAt - b.questions.soughtAt);
    for (const owner of unheard) this.#askIfUnheard(owner, step);
  }

  #askIfUnheard(owner: Peer, step: Step): void {
    const { directory } = this.#peers;
    const { liveness, through = [] } = directory.member(owner.id) ?? {};
    const isUnreachable = liveness === 'unreachable';
    if (liveness !== 'suspect' && !isUnreachable) return;
    if (!owner.questions.isDue(isUnreachable ? UNREACHABLE_ASK_PAUSE_MS : ASK_PAUSE_MS, step.now)) return;
    const free = this.#peers
      .greeted()
      .filter((peer) => peer !== owner && this.#isFree(peer, step.now))
      .filter((peer) => !isUnreachable || through.includes(peer.id));
    const helper = free[Math.floor(this.#random() * free.length)];
    if (helper === undefined) return;
    this.#asks += 1;
    const held = directory.position(owner.id);
    const question: Ask = { kind: 'ask', ask: this.#asks, owner: owner.id, held };
    owner.questions.asked(step.now);
    helper.questions.ask(question, step.now);
    step.effects.send(helper.id, question);
  }

  heardAsk(peer: Peer, { ask, owner, held }: Ask, step: Step): void {
    if (!peer.questions.allows(step.now)) {
      this.#penalties.excess(
        peer,
        `asks for others' words more than ${ASKS_PER_SECOND_MAX} times a second`,
        step,
      );
      return;
    }
    const found = this.#peers.get(owner)?.envelopes.since(held) ?? [];
    let start = 0;
    do {
      const end = start + fitting(found, start, (signedBytes) => signedBytes.byteLength + 5, PART_BYTES_MAX);
      const envelopes = found.slice(start, end);
      step.effects.send(peer.id, { kind: 'words', ask, last: end >= found.length, envelopes });
      start = end;
    } while (start < found.length);
  }

  /** Only what was asked for is worth the cost of checking signatures. */
  heardWords(peer: Peer, words: Words, step: Step): void {
    if (words.ask <= this.#firstAsk) return;
    const answer = peer.questions.answered(words);
    if (answer === 'unasked') this.#penalties.offence(peer, 'handed on words that nobody asked for', step);
    if (typeof answer === 'string') return;
    for (const signedBytes of answer.envelopes)
      step.effects.verifications.push({ via: peer.id, signedBytes });
  }

  /** The owner that an envelope is of, where it is what was asked for; else it is the giver's offence. */
  ownerOf({ peer: via, author, message: { delta } }: HandedOn, step: Step): Peer | null {
    const giver = this.#peers.get(via);
    const asked = giver?.questions.last;
    if (!asked) return null;
    const { owner, held } = asked;
    const isNewer =
      delta.generation > held.generation || (delta.generation === held.generation && delta.to > held.version);
    if (author === owner && delta.member === owner && isNewer) return this.#peers.get(owner) ?? null;
    const reason = isNewer ? 'handed on words of another member than asked for' : 'handed on old words';
    this.#penalties.offence(giver, reason, step);
    return null;
  }

  /** A member's own news, whoever brought them. */
  news(owner: Peer, { delta }: DeltaNews, signedBytes: Uint8Array, step: Step): void {
    const { directory } = this.#peers;
    const before = directory.position(owner.id);
    const taken = owner.follower.news(delta, step.now);
    if (comparePositions(directory.position(owner.id), before) > 0) owner.hadNews(step.now);
    if (!taken.isRefused) owner.envelopes.keep(delta, signedBytes);
    this.#repair.take(owner, taken, step);
  }

  #isFree(peer: Peer, now: number): boolean {
    return this.#peers.directory.member(peer.id)?.liveness === 'alive' && peer.questions.isFree(now);
  }
}
