import { DEFAULT_VHOST, parseStreamKey } from '@headwater/directory';
import { withReplayMs } from '../desks/play/play-mark.js';
import type { Fence } from '../fence.js';
import type { MediaOptions } from '../media-host.js';
import { RtmpClientError } from '../protocols/rtmp/rtmp-client-error.js';
import { RtmpClientSession } from '../protocols/rtmp/rtmp-client-session.js';
import type { RtmpTarget } from '../protocols/rtmp/rtmp-target.js';
import { encodeName } from '../protocols/stream-name.js';
import type { OpenUpstream } from '../stream/upstream.js';

/** Pulls from an owner's relay address by RTMP, marked so that it is served from there or refused. */
export function rtmpUpstream(options: MediaOptions, fence: Fence): OpenUpstream {
  return (owner, key, replayMs, events) => {
    const { host, rtmpPort } = owner.profile.relayAddress;
    const guarded = (handler: () => void): void =>
      fence.run({ remote: `${host}:${rtmpPort}`, protocol: 'relay', key }, handler, () =>
        session.abort(new RtmpClientError('protocol', 'a fault of this member')),
      );
    let isOpen = true;
    let isStarted = false;
    const session = new RtmpClientSession(
      {
        target: relayTarget(key, owner.profile.relayAddress, options.memberName, replayMs),
        agent: `headwater relay (${options.memberName})`,
        deadlineMs: options.relay.connectMs,
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

/** What an owner says when its publisher has gone. */
const ENDING_STATUS = new Set([
  'NetStream.Play.UnpublishNotify',
  'NetStream.Play.Stop',
  'NetStream.Play.StreamNotFound',
]);

/** Where a stream is pulled from. The key must be valid. */
export function relayTarget(
  key: string,
  address: { readonly host: string; readonly rtmpPort: number },
  memberName: string,
  replayMs = 0,
): RtmpTarget {
  const name = parseStreamKey(key);
  if (name === null) throw new TypeError(`"${key}" is no stream key`);
  return {
    host: address.host,
    port: address.rtmpPort,
    app: encodeName(name.app),
    stream: encodeName(name.stream),
    query: withReplayMs(`headwater=relay&member=${encodeURIComponent(memberName)}`, replayMs),
    ...(name.vhost === DEFAULT_VHOST ? {} : { vhost: name.vhost }),
  };
}
