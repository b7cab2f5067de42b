import type { MemberId } from '@headwater/directory';
import type { MeshWide } from '../questions/mesh-wide.js';
import { type AnswerTo, MEDIA_EVENT_KINDS } from '../questions/questions.js';
import { EventLog } from './event-log.js';

/** While somebody watches, the others are asked this often what happened in their media, ms. */
const ASK_EVERY_MS = 1000;
/** Sooner where the mesh or a stream's owners changed: relays move then. At least so long after the last time, ms. */
const ASK_SOON_MS = 250;
/** Members that are gone, of which it is known up to where their logs were read: one that comes back tells nothing twice. */
const GONE_MAX = 64;
/** Events taken from one member at once. */
const EVENTS_MAX = 200;

/** Those of a later release mean nothing here. */
const KINDS: ReadonlySet<string> = new Set(MEDIA_EVENT_KINDS);

export interface MeshEventsParts {
  /** Of this member; what is told there is told here too. */
  readonly own: EventLog;
  /** This member's name. */
  readonly name: string;
  readonly mesh: Pick<MeshWide, 'askAll'>;
  nameOf(member: MemberId): string;
  readonly self: MemberId;
  /** Unix ms. */
  now(): number;
}

/**
 * The events of the whole mesh: this member's own, and what happened in the media of the others, who are asked while
 * somebody watches, and only then. One watcher or many cost the same.
 */
export class MeshEvents {
  readonly log: EventLog;
  readonly #parts: MeshEventsParts;
  /** Where each other member's log was read up to. */
  readonly #places = new Map<MemberId, string>();
  #watchers = 0;
  #isAsking = false;
  #lastMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: MeshEventsParts) {
    this.#parts = parts;
    this.log = new EventLog(`${parts.own.epoch}m`, parts.now);
    parts.own.onTold(({ event, atMs }) => {
      this.log.tell(event, { atMs, seenBy: parts.name });
      if (/^(member|stream)-/.test(event.kind)) this.#plan(ASK_SOON_MS);
    });
  }

  /** Somebody watches. Returns how to stop. */
  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) void this.#ask();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#cancel();
    };
  }

  #plan(inMs: number): void {
    if (this.#watchers === 0 || this.#isAsking) return;
    const waitMs = Math.max(0, this.#lastMs + inMs - this.#parts.now());
    this.#cancel();
    this.#timer = setTimeout(() => void this.#ask(), Math.min(waitMs, inMs));
    this.#timer.unref();
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const since = Object.fromEntries(this.#places);
      const { answers, missing } = await this.#parts.mesh.askAll('happened', { since, max: EVENTS_MAX });
      const others = answers.filter(({ member }) => member !== this.#parts.self);
      this.#take(others);
      // Who was late this time goes on from its place, as does who was taken for dead and comes back.
      const there = new Set([...answers, ...missing].map(({ member }) => member));
      const gone = [...this.#places.keys()].filter((member) => !there.has(member));
      for (const member of gone.slice(0, -GONE_MAX)) this.#places.delete(member);
    } finally {
      this.#isAsking = false;
      this.#lastMs = this.#parts.now();
      this.#plan(ASK_EVERY_MS);
    }
  }

  #take(answers: readonly { readonly member: MemberId; readonly answer: AnswerTo<'happened'> }[]): void {
    const news = answers.flatMap(({ member, answer }) => {
      // Those that answered last stand last.
      this.#places.delete(member);
      this.#places.set(member, answer.last);
      const seenBy = this.#parts.nameOf(member);
      const known = answer.events.filter(({ event }) => KINDS.has(event.kind));
      return known.map(({ atMs, event }) => ({ atMs, event, seenBy }));
    });
    news.sort((a, b) => a.atMs - b.atMs);
    for (const { event, ...how } of news) this.log.tell(event, how);
  }
}
