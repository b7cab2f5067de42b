import type { Liveness } from '@headwater/directory';

/** What is believed of a member's life. A stranger has no record in the directory. */
export type Life =
  | { readonly kind: 'stranger' }
  /** `unreachable`: not from here; others hear it. */
  | { readonly kind: 'alive' | 'unreachable' | 'suspect'; readonly isSynced: boolean }
  | { readonly kind: 'dead'; readonly isSynced: boolean; readonly since: number }
  /** `generation`: the start of it that left. */
  | {
      readonly kind: 'left';
      readonly isSynced: boolean;
      readonly since: number;
      readonly generation: number;
    };

/** The connection with a member: it is of use from the hello on, if that is of a version that both speak. */
export type LinkState =
  | { readonly kind: 'none' }
  | { readonly kind: 'open' }
  | { readonly kind: 'greeted' }
  /** It said hello, and no version of the protocol is spoken by both. */
  | { readonly kind: 'incompatible'; readonly since: number };

/**
 * All that one member knows of where another one is in its life. The link says who can be talked to, the life who
 * counts; a word that counts for life comes only over a greeted link.
 *
 * | event        | counts where                      | life becomes                                | link becomes |
 * | ------------ | --------------------------------- | ------------------------------------------- | ------------ |
 * | connected    | link none                         | stays                                       | open         |
 * | disconnected | link any but none                 | stays                                       | none         |
 * | greeted      | link any but none                 | alive                                       | greeted      |
 * | incompatible | link open, greeted                | stays                                       | incompatible |
 * | witnessed    | life stranger, left               | unreachable                                 | stays        |
 * | judged       | life alive, unreachable, suspect  | as judged                                   | stays        |
 * |              | life dead                         | unreachable, if so judged                   | stays        |
 * |              | life dead, greeted                | alive or suspect, as judged                 | stays        |
 * | synced       | life any but stranger             | the same, with `isSynced`                   | stays        |
 * | left         | life any but stranger             | left; of who left already: by a newer start | stays        |
 *
 * An event changes nothing where it does not count. The dead come back by a hello of their own, by any word on a link that
 * was greeted and hung, or by the word of others that hear them; those that left by the hello of a newer start, or by the
 * word of others that hear that one.
 * `isSynced` says that the whole log was held at least once; a hello keeps it. Who is forgotten has no state any more.
 */
export interface PeerState {
  readonly life: Life;
  readonly link: LinkState;
}

/** `at`: ms of the core's clock. */
export type PeerEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'greeted' }
  | { readonly kind: 'incompatible'; readonly at: number }
  | { readonly kind: 'witnessed' }
  | { readonly kind: 'judged'; readonly liveness: Exclude<Liveness, 'left'>; readonly at: number }
  | { readonly kind: 'synced' }
  | { readonly kind: 'left'; readonly generation: number; readonly at: number };

export const STRANGER: PeerState = { life: { kind: 'stranger' }, link: { kind: 'none' } };

/** The state after an event; the same object where the event does not count. */
export function nextState(state: PeerState, event: PeerEvent): PeerState {
  const { life, link } = state;
  switch (event.kind) {
    case 'connected':
      return link.kind === 'none' ? { life, link: { kind: 'open' } } : state;
    case 'disconnected':
      return link.kind === 'none' ? state : { life, link: { kind: 'none' } };
    case 'greeted':
      if (link.kind === 'none') return state;
      return { life: { kind: 'alive', isSynced: isSynced(life) }, link: { kind: 'greeted' } };
    case 'incompatible':
      if (link.kind !== 'open' && link.kind !== 'greeted') return state;
      return { life, link: { kind: 'incompatible', since: event.at } };
    case 'witnessed':
      if (life.kind !== 'stranger' && life.kind !== 'left') return state;
      return { life: { kind: 'unreachable', isSynced: isSynced(life) }, link };
    default: {
      const next = nextLife(life, link, event);
      return next === life ? state : { life: next, link };
    }
  }
}

function nextLife(
  life: Life,
  link: LinkState,
  event: Extract<PeerEvent, { kind: 'judged' | 'synced' | 'left' }>,
): Life {
  if (life.kind === 'stranger') return life;
  switch (event.kind) {
    case 'judged': {
      const { liveness, at } = event;
      if (liveness === life.kind || life.kind === 'left') return life;
      if (life.kind === 'dead' && link.kind !== 'greeted' && liveness !== 'unreachable') return life;
      if (liveness === 'dead') return { kind: 'dead', isSynced: life.isSynced, since: at };
      return { kind: liveness, isSynced: life.isSynced };
    }
    case 'synced':
      return life.isSynced ? life : { ...life, isSynced: true };
    case 'left': {
      const { generation, at } = event;
      if (life.kind === 'left' && generation <= life.generation) return life;
      return { kind: 'left', isSynced: life.isSynced, since: at, generation };
    }
  }
}

/** Its whole log was held at least once since it was met. */
export const isSynced = (life: Life): boolean => life.kind !== 'stranger' && life.isSynced;
