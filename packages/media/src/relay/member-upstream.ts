import type { MediaHost, WorkerAddress } from '../media-host.js';
import type { Timers } from '../stream/timers.js';
import type { OpenUpstream, Upstream, UpstreamEvents } from '../stream/upstream.js';
import type { SharedUpstreams } from './shared-upstreams.js';
import type { SiblingUpstreams } from './sibling-upstream.js';

export interface MemberUpstreamParts {
  readonly host: Pick<MediaHost, 'pullerOf' | 'relayHead'>;
  /** This worker; absent: the only one. */
  readonly worker?: WorkerAddress;
  /** A connection to the owner. */
  readonly pull: OpenUpstream;
  readonly shared: Pick<SharedUpstreams, 'open'>;
  readonly siblings: Pick<SiblingUpstreams, 'openOwner' | 'isHung'>;
  readonly timers: Pick<Timers, 'after'>;
}

/** From then on this worker pulls for itself, ms: a worker that hangs answers nothing, and is known to only later. */
const PULLER_MS = 1500;

/**
 * Pulls other members' streams, each once for all workers of this member, and where relays may pull from each other, once for
 * them and all that is passed on: from the worker that does so for all, or here where that is this one. Where that worker
 * gives nothing, as one that has just ended, this one pulls for itself: once more than needed rather than not at all. Where it
 * waited in vain for an answer, there is nothing to be gained by waiting as long again. One that hung is not asked for a while.
 */
export function memberUpstream({
  host,
  worker,
  pull,
  shared,
  siblings,
  timers,
}: MemberUpstreamParts): OpenUpstream {
  return (owner, key, replayMs, events) => {
    const puller = worker === undefined ? null : (host.pullerOf?.(key) ?? null);
    const through = owner.through ?? null;
    const here = (): Upstream => shared.open(owner, key, replayMs, events);
    // What is passed on to other members, and what is played here: one pull for both.
    const isTree = host.relayHead !== undefined;
    if (puller === null && isTree) return here();
    // A way around is for whoever found that it needs one.
    if (puller === null || (through !== null && !isTree)) return pull(owner, key, replayMs, events);
    // Stryker disable next-line OptionalChaining: there is a puller only where there is a worker.
    if (puller.path === worker?.path || siblings.isHung(puller)) return here();
    const { member, relayId } = owner;
    const route = { key, owner: member, through, ...(relayId !== undefined && { relayId }) };
    return orElse((own) => siblings.openOwner(puller, route, replayMs, own), events, here, timers);
  };
}

/** The first way, or where that ends before it starts, or does not start in time, the second. */
function orElse(
  first: (events: UpstreamEvents) => Upstream,
  events: UpstreamEvents,
  second: () => Upstream,
  timers: Pick<Timers, 'after'>,
): Upstream {
  let isStarted = false;
  const goOn = (): void => {
    stopTimer();
    upstream.close();
    upstream = second();
  };
  const stopTimer = timers.after(PULLER_MS, goOn);
  let upstream = first({
    started: () => {
      stopTimer();
      isStarted = true;
      events.started();
    },
    frame: (frame) => events.frame(frame),
    ended: (end) => {
      stopTimer();
      const waitedInVain = end.isTold === true && end.code === 'deadline';
      if (isStarted || waitedInVain) events.ended(end);
      else goOn();
    },
  });
  return {
    close: () => {
      stopTimer();
      upstream.close();
    },
  };
}
