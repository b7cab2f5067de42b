import type { MemberId } from '@headwater/directory';
import type { Link } from './link.js';

/** Of two connections with one member, the spare one is closed when the other has proved itself for this long. */
export const SPARE_LINGER_MS = 500;

/** A link that was silent for so long beside one that is not, is dead without knowing. */
const SILENT_MS = 10_000;

/** When the member was last surely there: it spoke, or finished a handshake. */
const seenAt = (link: Link): number => Math.max(link.heardAt, link.openedAt);

/**
 * The links with one member: one in the end, more for a moment when both dialled at once or the member restarted.
 * What we say goes where the member was last seen. A new link counts as that: beside a restarted member's, the old one
 * may look open for a long time yet, and the greeting must not go there.
 */
export class Links {
  readonly #self: MemberId;
  readonly #peer: MemberId;
  readonly #links = new Set<Link>();

  constructor(self: MemberId, peer: MemberId) {
    this.#self = self;
    this.#peer = peer;
  }

  get size(): number {
    return this.#links.size;
  }

  /** Where to send; undefined where there is none. */
  get best(): Link | undefined {
    let best: Link | undefined;
    for (const link of this.#links)
      if (!link.isClosing && (best === undefined || seenAt(link) >= seenAt(best))) best = link;
    return best;
  }

  add(link: Link): void {
    this.#links.add(link);
  }

  delete(link: Link): boolean {
    return this.#links.delete(link);
  }

  all(): readonly Link[] {
    return [...this.#links];
  }

  /**
   * Links to close now. Both sides agree which one stays: the one that the smaller id dialled, of several the newest;
   * and only who dialled a spare one closes it, after the other has been heard on. Only silence overrules this: where the
   * greeting on the one that stays is late, each side would close its own, and the member were lost.
   */
  spare(now: number): readonly Link[] {
    const links = this.all().filter((link) => !link.isClosing);
    if (links.length < 2) return [];
    const rank = (link: Link): number => Number(link.isOutbound === this.#self < this.#peer);
    const [keep] = links
      .filter((link) => link.heardAt > 0)
      .sort((a, b) => rank(b) - rank(a) || b.openedAt - a.openedAt);
    const heardAt = Math.max(...links.map((link) => link.heardAt));
    return links.filter((link) => {
      if (heardAt - seenAt(link) >= SILENT_MS) return true;
      if (keep === undefined || link === keep || !link.isOutbound) return false;
      return rank(link) <= rank(keep) && now - keep.openedAt >= SPARE_LINGER_MS;
    });
  }
}
