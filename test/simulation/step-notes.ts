import type { MemberId } from '@headwater/directory';
import type { Effects, MemberCore } from '@headwater/mesh/core';
import type { Timeline } from './timeline.js';

/** Dials are counted over so long, ms. */
export const DIALS_OVER_MS = 10_000;

/** What one start of a member did, step by step, as far as a look from outside does not show it afterwards. */
export class StepNotes {
  /** The furthest version of its own log that it broadcast. */
  sentVersion = 0;
  /** A heartbeat told of a later version than that. */
  unsentTold: { readonly told: number; readonly sent: number } | null = null;
  /** The most envelopes that it checked for one question, and whose answer that was. */
  checkedMost: { readonly via: MemberId; readonly envelopes: number } = { via: '', envelopes: 0 };
  /** It said that it had joined while it knew nobody. */
  joinedAlone = false;
  readonly #timeline: Timeline;
  readonly #checked = new Map<MemberId, number>();
  #dials: number[] = [];
  #isJoined = false;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** In the last `DIALS_OVER_MS`. */
  get dials(): number {
    const since = this.#timeline.now - DIALS_OVER_MS;
    if ((this.#dials[0] ?? since) < since) this.#dials = this.#dials.filter((at) => at >= since);
    return this.#dials.length;
  }

  note(core: MemberCore, { broadcasts, sends, verifications, dials }: Effects): void {
    for (const message of broadcasts)
      if (message.kind === 'delta') this.sentVersion = Math.max(this.sentVersion, message.delta.to);
    for (const { to, message } of sends) {
      if (message.kind === 'ask') this.#checked.set(to, 0);
      else if (message.kind === 'heartbeat' && message.position.version > this.sentVersion)
        this.unsentTold = { told: message.position.version, sent: this.sentVersion };
    }
    for (const { via } of verifications) this.#check(via);
    for (let count = dials.length; count > 0; count -= 1) this.#dials.push(this.#timeline.now);
    if (this.#isJoined || !core.isJoined) return;
    this.#isJoined = true;
    this.joinedAlone = [...core.directory.members()].length === 1;
  }

  #check(via: MemberId): void {
    const envelopes = (this.#checked.get(via) ?? 0) + 1;
    this.#checked.set(via, envelopes);
    if (envelopes > this.checkedMost.envelopes) this.checkedMost = { via, envelopes };
  }
}
