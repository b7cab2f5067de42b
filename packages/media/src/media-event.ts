import type { PlayProtocol, Route, StreamKey } from '@headwater/directory';

interface OfClient {
  /** Its id, as in the list of clients. */
  readonly id: string;
  /** Of a play that was redirected here, or pulls: the id on the other member of the play, or relay, that it comes from. */
  readonly via?: string;
  readonly key: StreamKey;
  /** `address:port`. */
  readonly client: string;
  readonly protocol: PlayProtocol;
}

/** What happened to a publish, a play or a relay of this member: for people and machines that watch. */
export type MediaEvent =
  | (OfClient & { readonly kind: 'publish-started' })
  /** An origin took a publish that this member forwards, or takes it over `from` another one, for a reason. Names of members. */
  | (OfClient & {
      readonly kind: 'publish-forwarded';
      readonly origin: string;
      readonly from?: string;
      readonly reason?: string;
    })
  /** A publisher was asked to reconnect, to the member of this name. */
  | (OfClient & { readonly kind: 'publish-asked-to-reconnect'; readonly target: string })
  | (OfClient & { readonly kind: 'publish-refused' | 'publish-ended'; readonly reason: string })
  /** Where a play goes: at its beginning, and again where that changes. `target`: a member's name. */
  | (OfClient & {
      readonly kind: 'route-given';
      readonly route: Route['kind'];
      readonly reason: string;
      readonly target?: string;
    })
  | (OfClient & { readonly kind: 'play-refused'; readonly reason: string })
  | (OfClient & { readonly kind: 'play-ended'; readonly bytesOut: number })
  /**
   * A connection to an owner is opened. `relay`: its id; the pull on the other member has it as `via`. `through`: id of the
   * member that passes it on.
   */
  | {
      readonly kind: 'relay-started';
      readonly relay?: string;
      readonly key: StreamKey;
      readonly owner: string;
      readonly reason: string;
      readonly through?: string;
    }
  /**
   * Players go on from another source, `from` null where they had none lately. `gapMs`: time since the last frame. `isExact`:
   * with the very next frame.
   */
  | {
      readonly kind: 'relay-switched';
      readonly relay?: string;
      /** The relay that fed players before. */
      readonly fromRelay?: string;
      readonly key: StreamKey;
      /** Names of members; `publisher`: this member's own publisher. */
      readonly from: string | null;
      readonly to: string;
      readonly gapMs: number;
      readonly isExact: boolean;
    }
  | {
      readonly kind: 'relay-ended';
      readonly relay?: string;
      readonly key: StreamKey;
      readonly owner: string;
      readonly reason: string;
    };

/** Hears of each event as it happens, of a redirect a moment after its answer. Must not throw, and must be quick. */
export type MediaEventListener = (event: MediaEvent) => void;
