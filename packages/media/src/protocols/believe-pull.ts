import { type PlayMark, type StreamName, streamKey } from '@headwater/directory';
import type { Guard } from '@headwater/guard';
import { readRelayOf } from '../desks/play/play-mark.js';
import { type ForwardMark, readForwardMark } from '../desks/publish/forward-mark.js';
import type { MediaLog } from '../media-log.js';

/** What counts of what a play says of itself. */
export interface Believed {
  readonly mark: PlayMark;
  /** It is a member's pull, so no rule for players concerns it. */
  readonly isMember: boolean;
}

export interface PullParts {
  readonly guard: Pick<Guard, 'checkRelay'>;
  readonly isMemberAddress: (ip: string) => boolean;
  readonly log: Pick<MediaLog, 'debug' | 'warn'>;
}

/**
 * Whether a play that says it is a member's pull (`headwater=relay`) is one. Where the mesh has a key the proof decides, and
 * who has none is a plain player. Where it has none, it is a pull as it says, and where no member is known at its address
 * the rules for players count as well.
 */
export function believePull(
  { name, query, mark }: { readonly name: StreamName; readonly query: string; readonly mark: PlayMark },
  client: { readonly ip: string; readonly remote: string },
  { guard, isMemberAddress, log }: PullParts,
): Believed {
  if (mark !== 'relay') return { mark, isMember: false };
  const key = streamKey(name);
  const proof = guard.checkRelay(query, { key, relayOf: readRelayOf(query) ?? null });
  switch (proof) {
    case 'valid':
      return { mark, isMember: true };
    case 'unproven':
      return { mark, isMember: isMemberAddress(client.ip) };
    case 'missing':
      log.debug({ key, client: client.remote, reason: proof }, 'pull not believed');
      return { mark: 'none', isMember: false };
    case 'expired':
    case 'invalid':
      // A member with another mesh key, or a clock that is off.
      log.warn({ key, client: client.remote, reason: proof }, 'pull not believed');
      return { mark: 'none', isMember: false };
  }
}

/**
 * The same of a publish that says it is forwarded by a member (`headwater=forward`), which has judged the rules. Null: it is
 * a plain publish, and the rules here decide.
 */
export function believeForward(
  { name, query }: { readonly name: StreamName; readonly query: string },
  client: { readonly ip: string; readonly remote: string },
  { guard, isMemberAddress, log }: PullParts,
): ForwardMark | null {
  const mark = readForwardMark(query);
  if (mark === null) return null;
  const key = streamKey(name);
  const proof = guard.checkRelay(query, { action: 'forward', key, relayOf: mark.replaces });
  if (proof === 'valid') return mark;
  if (proof === 'unproven') return isMemberAddress(client.ip) ? mark : null;
  log.warn({ key, client: client.remote, reason: proof }, 'forward not believed');
  return null;
}
