import type { MediaLog, MediaOptions } from '../media-host.js';
import type { RelayPuller } from './relay-contract.js';
import { RelayPull } from './relay-pull.js';
import { rtmpUpstream } from './rtmp-upstream.js';
import { systemTimers } from './timers.js';

/** Pulls streams from their owners over RTMP. */
export function createRelayPuller(options: MediaOptions, log: MediaLog): RelayPuller {
  const open = rtmpUpstream(options);
  const { stallMs, retryMs, replayMs, replayBytesMax } = options.relay;
  const replay = { replayMs, replayBytesMax };
  return {
    start: (order) => new RelayPull(order, { stallMs, retryMs, replay, timers: systemTimers, open, log }),
  };
}
