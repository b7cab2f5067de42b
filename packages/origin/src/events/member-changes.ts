import type { Liveness, MemberId } from '@headwater/directory';
import type { MemberView } from '@headwater/mesh';
import type { EventKind, OriginEvent } from './origin-event.js';

interface Known {
  readonly liveness: Liveness;
  readonly isDraining: boolean;
}

const KINDS: Readonly<Record<Exclude<Liveness, 'alive'>, EventKind & `member-${string}`>> = {
  suspect: 'member-suspected',
  unreachable: 'member-unreachable',
  dead: 'member-dead',
  left: 'member-left',
};

/** Members that are remembered; more than are ever in a mesh. */
const KNOWN_MAX = 1024;

/** Finds out what is new of a member, each time that it is told of one. */
export class MemberChanges {
  readonly #known = new Map<MemberId, Known>();

  /** What has happened since the last look at this member. */
  look({ id, liveness, profile }: MemberView): readonly OriginEvent[] {
    if (profile === null) return [];
    const before = this.#known.get(id);
    const isDraining = profile.draining;
    if (this.#known.size >= KNOWN_MAX && before === undefined) this.#known.clear();
    this.#known.set(id, { liveness, isDraining });
    const about = { member: id, name: profile.name };
    const events: OriginEvent[] = [];
    if (before?.liveness !== liveness) {
      const kind = liveness === 'alive' ? risenFrom(before?.liveness) : KINDS[liveness];
      // Who was never there does not go.
      if (before !== undefined || liveness === 'alive' || liveness === 'unreachable')
        events.push({ kind, ...about } as OriginEvent);
    }
    const wasDraining = before?.isDraining ?? false;
    const isThere = liveness !== 'dead' && liveness !== 'left';
    if (isThere && isDraining !== wasDraining)
      events.push({ kind: isDraining ? 'member-draining' : 'member-drain-cancelled', ...about });
    return events;
  }
}

const risenFrom = (before: Liveness | undefined): EventKind =>
  before === 'suspect' || before === 'unreachable' ? 'member-alive' : 'member-joined';
