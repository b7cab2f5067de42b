import type { MediaEvent } from '@headwater/media';
import type { DrainStep } from '../drain-progress.js';

interface OfMember {
  readonly member: string;
  readonly name: string;
}

interface OfClaim {
  readonly key: string;
  /** The owner. */
  readonly member: string;
  readonly name: string;
}

/** What happened, as this member sees it: in the mesh, to streams, and in its own media. */
export type OriginEvent =
  /** `alive`: it was suspect or unreachable. */
  | (OfMember & {
      readonly kind:
        | 'member-joined'
        | 'member-suspected'
        | 'member-unreachable'
        | 'member-alive'
        | 'member-dead'
        | 'member-left'
        | 'member-draining'
        | 'member-drain-cancelled';
    })
  | (OfClaim & { readonly kind: 'stream-claimed' | 'stream-silent' | 'stream-flowing' })
  /** `member-gone`: with its owner. */
  | (OfClaim & { readonly kind: 'stream-released'; readonly reason: 'released' | 'member-gone' })
  /** This member drains, and a step of that begins. */
  | {
      readonly kind: 'drain-step';
      readonly step: DrainStep;
      readonly publishers: number;
      readonly relays: number;
      readonly players: number;
    }
  | MediaEvent
  | { readonly kind: 'log-level-changed'; readonly level: string }
  | { readonly kind: 'configuration-reloaded' };

export type EventKind = OriginEvent['kind'];

/** Each kind, with what it means: the docs are made from it. */
export const EVENT_KINDS: Readonly<Record<EventKind, string>> = {
  'member-joined': 'A member is in the mesh, for the first time or again.',
  'member-suspected': 'A member has not been heard for `mesh.suspectAfterMs`.',
  'member-unreachable': 'This member cannot reach it, others can.',
  'member-alive': 'A member that was suspect or unreachable is heard again.',
  'member-dead': 'A member is taken for dead; its streams are void.',
  'member-left': 'A member said that it leaves.',
  'member-draining': 'A member leaves on purpose, and lets others take over.',
  'member-drain-cancelled': 'A member that was draining stays.',
  'drain-step':
    'This member drains, and the next step of that begins, with who is here: `relays-move`, `publishers-leave`, `players-leave`, `over`.',
  'stream-claimed': 'A member became an owner of a stream.',
  'stream-silent': 'An owner of a stream has no media at the moment.',
  'stream-flowing': 'Media comes to an owner of a stream.',
  'stream-released': 'A member is no owner of the stream any more.',
  'publish-started': 'A publisher was accepted on this member.',
  'publish-forwarded':
    'An origin took a publish that came to this member, or takes it over from another one, with the reason.',
  'publish-asked-to-reconnect':
    'A publisher was asked to reconnect to another member, since this one drains.',
  'publish-refused': 'A publisher was refused here, with the reason.',
  'publish-ended': 'A publisher of this member is gone, with the reason.',
  'route-given': 'A play here was given a route, or another one than before.',
  'play-refused': 'A play was refused here, with the reason.',
  'play-ended': 'A player of this member is gone. Of those whose worker was killed none is told.',
  'relay-started': 'This member pulls a stream from an owner.',
  'relay-switched':
    'Players here go on from another source: from whom to whom, after which gap, exactly or not.',
  'relay-ended': 'This member pulls from that owner no more, with the reason.',
  'log-level-changed': 'The level of this member’s log was changed.',
  'configuration-reloaded': 'This member read its configuration anew.',
};
