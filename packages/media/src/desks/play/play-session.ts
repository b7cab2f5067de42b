import type { MediaAddress, MemberId, PlayMark, StreamKey } from '@headwater/directory';
import type { Player } from '../../stream/player.js';

/** Why a play is answered with an end. HTTP makes 404, 404, 503, 503, 503 and 403 of these; RTMP its own codes. */
export type PlayRefusal =
  | 'stream-not-found'
  | 'relay-of-unowned'
  | 'owner-unreachable'
  | 'stopping'
  | 'full'
  /** An operator ended it. */
  | 'kicked';

/** What the route of a play depends on. */
export type PlayAsker = Pick<
  PlaySession,
  'key' | 'protocol' | 'mark' | 'relayOf' | 'followsRedirect' | 'canRedirectNow' | 'reachedBy' | 'isSecure'
>;

/** A play that is not taken yet. */
export type ComingPlay = PlayAsker & Pick<PlaySession, 'remote' | 'forgetsMark'>;

/** One play of any protocol, as the play desk deals with it. No method throws. */
export interface PlaySession extends Player {
  readonly key: StreamKey;
  /** Whether this client is known to follow a redirect on this protocol. */
  readonly followsRedirect: boolean;
  /** Read from the query (`headwater=redirected|relay`); the desk adds what it remembers itself. */
  readonly mark: PlayMark;
  /** Of a play that was redirected here, or pulls: the id of what it comes from on the other member, as it says. */
  readonly via?: string;
  /** Whose media a relay's pull asks for, where that one cannot be reached by who pulls. */
  readonly relayOf?: MemberId;
  /** How much of the stream's past a relay's pull asks for, ms; absent or 0: the last GOP, as players get it. */
  readonly replayMs?: number;
  /** Host name by which the client reached us, without the port. */
  readonly reachedBy?: string;
  /** The client came by TLS. Absent: false. */
  readonly isSecure?: boolean;
  /** Whether a redirect can still be said: HTTP only before `begin`, RTMP always, WebSocket never. */
  readonly canRedirectNow: boolean;
  /** Whether this client keeps no mark when redirected, so that the desk must remember it (RTMP). */
  readonly forgetsMark: boolean;
  /** Nobody publishes the stream yet: keep the client; may be called again after `begin`. HTTP holds its answer back. */
  wait(): void;
  /** Sends the client there and closes in the protocol's way. The desk has forgotten the session by then. */
  redirect(address: MediaAddress): void;
  /** Ends the play with the protocol's answer and a sentence for people. The desk has forgotten the session by then. */
  refuse(code: PlayRefusal, text: string): void;
}
