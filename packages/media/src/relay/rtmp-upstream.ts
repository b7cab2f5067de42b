import { hostPort, type MemberId } from '@headwater/directory';
import { type Guard, OPEN_GUARD } from '@headwater/guard';
import { type RelayPull, relayQuery } from '../desks/play/play-mark.js';
import type { Fence } from '../fence.js';
import type { MediaHost, RelayAddress } from '../media-host.js';
import type { MediaOptions } from '../media-options.js';
import { memberTarget } from '../protocols/rtmp/member-target.js';
import { RtmpClientError } from '../protocols/rtmp/rtmp-client-error.js';
import { RtmpClientSession } from '../protocols/rtmp/rtmp-client-session.js';
import type { RtmpTarget } from '../protocols/rtmp/rtmp-target.js';
import type { PulledOwner } from '../stream/relay-owner.js';
import type { OpenUpstream, Upstream, UpstreamEvents } from '../stream/upstream.js';

/** As `OpenUpstream`, of which it needs to know no more. */
export type PullFromMember = (
  owner: Pick<PulledOwner, 'member' | 'through' | 'relayId'>,
  ...pull: Parameters<OpenUpstream> extends [unknown, ...infer Rest] ? Rest : never
) => Upstream;

/**
 * Pulls from an owner by RTMP, marked so that it is served from there or refused; or from the member through which it is
 * pulled, marked so that that one passes on what this owner publishes, or refuses.
 */
export function rtmpUpstream(
  options: MediaOptions,
  host: Pick<MediaHost, 'relayAddress' | 'relayHead'>,
  fence: Fence,
  guard: Pick<Guard, 'proveRelay'> = OPEN_GUARD,
): PullFromMember {
  return (owner, key, replayMs, events) => {
    let isOpen = true;
    let isStarted = false;
    const through = owner.through ?? null;
    const address = host.relayAddress(through ?? owner.member);
    if (address === null) return unknownAddress(through ?? owner.member, events, fence);
    const remote = hostPort(address.host, address.tls?.port ?? address.rtmpPort);
    const guarded = (handler: () => void): void =>
      fence.run({ remote, protocol: 'relay', key }, handler, () =>
        session.abort(new RtmpClientError('protocol', 'a fault of this member')),
      );
    const relayOf = through === null ? null : owner.member;
    const isByHead = through !== null && host.relayHead !== undefined;
    const proof = guard.proveRelay({ asked: through ?? owner.member, relayOf, key });
    const session = new RtmpClientSession(
      {
        target: relayTarget(key, address, {
          memberName: options.memberName,
          replayMs,
          relayOf,
          ...(owner.relayId !== undefined && { via: owner.relayId }),
          proof,
        }),
        agent: `headwater relay (${options.memberName})`,
        deadlineMs: isByHead ? Math.min(HEAD_ANSWER_MS, options.relay.connectMs) : options.relay.connectMs,
        limits: options.limits,
      },
      {
        started() {
          isStarted = true;
          if (isOpen) guarded(() => events.started());
        },
        frame(frame) {
          if (isOpen) guarded(() => events.frame(frame));
        },
        status(code, description) {
          if (ENDING_STATUS.has(code))
            session.abort(new RtmpClientError('refused', description || code, code));
        },
        closed(error) {
          if (!isOpen) return;
          isOpen = false;
          // After it played, this is how an owner says that its publisher has gone.
          const isOrdinary = isStarted && error.code === 'refused' && ENDING_STATUS.has(error.status ?? '');
          guarded(() =>
            events.ended({
              code: isOrdinary ? 'publisher-ended' : error.code,
              text: error.message,
              isOrdinary,
            }),
          );
        },
      },
    );
    session.play().catch(() => {}); // `closed` told.
    return {
      close() {
        isOpen = false;
        session.close();
      },
    };
  };
}

/**
 * A head that has not begun by then has not got the stream, ms: it is pulled from the owner instead. Less than a worker waits for
 * another one that pulls for it.
 */
const HEAD_ANSWER_MS = 1400;

/** The member has left the mesh in this moment. */
function unknownAddress(member: MemberId, events: UpstreamEvents, fence: Fence): Upstream {
  const ended = { code: 'unreachable', text: `no address is known of ${member}`, isOrdinary: false };
  const soon = setImmediate(() => fence.runTask('end of a relay', () => events.ended(ended)));
  return { close: () => clearImmediate(soon) };
}

/** What an owner says when its publisher has gone. */
const ENDING_STATUS = new Set([
  'NetStream.Play.UnpublishNotify',
  'NetStream.Play.Stop',
  'NetStream.Play.StreamNotFound',
]);

/** Where a stream is pulled from. The key must be valid. */
export function relayTarget(key: string, address: RelayAddress, pull: RelayPull): RtmpTarget {
  return memberTarget(key, address, relayQuery(pull));
}
