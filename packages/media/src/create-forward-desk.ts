import { type CommonParts, streamLimits } from './create-streams.js';
import { ForwardDesk } from './desks/publish/forward-desk.js';
import { type RtmpLinkParts, rtmpLink } from './forward/rtmp-link.js';

/** Null where this member forwards no publishers. */
export function createForwardDesk(parts: CommonParts, received: (bytes: number) => void): ForwardDesk | null {
  const { options, host, guard, fence, timers, log, tell, tally } = parts;
  const { forward, relay } = options;
  if (forward === undefined) return null;
  const limitsOf = streamLimits(options);
  const link: RtmpLinkParts = {
    options,
    host,
    guard,
    timers,
    fence,
    get stallMs() {
      return forward.stallMs;
    },
    get queueBytesMax() {
      return 2 * forward.keepBytesMax;
    },
  };
  return new ForwardDesk({
    host,
    memberName: options.memberName,
    isEnabled: () => forward.enabled !== false,
    open: rtmpLink(link),
    timers,
    log,
    tell,
    count: (what) => tally.add('forwards', what),
    received,
    limitsOf: (key) => ({ ...forward, retryMs: relay.retryMs, stream: limitsOf(key) }),
  });
}
