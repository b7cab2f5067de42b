import type { OPTIONS } from '../config/options.js';

/** `live`: a reload puts it in force. Else it counts from the next start on, and this says why. */
export type HowApplied = 'live' | { readonly restart: string };

const BOUND = { restart: 'what a member listens on is opened at its start' };
const IDENTITY = { restart: 'it is part of what this member is to the others' };
const HEARTBEATS = { restart: 'others judge this member by it for as long as it lives' };
const ONE_LARGEST = { restart: 'listeners and workers are made for one largest message' };
const SERIES = { restart: 'the series of /metrics are made at the start' };

/** What a reload does about each key. */
export const HOW_APPLIED: Readonly<Record<keyof typeof OPTIONS, HowApplied>> = {
  name: IDENTITY,
  role: IDENTITY,
  zone: IDENTITY,
  dataDir: { restart: 'the identity of this member is read from it at its start' },
  advertise: 'live',
  vhosts: 'live',
  workers: { restart: 'the processes are begun at the start' },
  trustedProxies: 'live',
  proxyHeaders: 'live',
  // New connections alone get other certificates.
  'tls.certificates': 'live',
  'log.level': 'live',
  'log.format': { restart: 'the log is opened at the start' },
  'rtmp.host': BOUND,
  'rtmp.port': BOUND,
  'rtmps.host': BOUND,
  'rtmps.port': BOUND,
  'http.host': BOUND,
  'http.port': BOUND,
  'https.host': BOUND,
  'https.port': BOUND,
  'api.host': BOUND,
  'api.port': BOUND,
  'api.tlsPort': BOUND,
  'api.token': 'live',
  'api.readToken': 'live',
  'api.hosts': 'live',
  'api.cors': 'live',
  'metrics.port': BOUND,
  'metrics.host': BOUND,
  'metrics.tls': BOUND,
  'metrics.token': 'live',
  'metrics.streamsMax': SERIES,
  'metrics.srsNames': SERIES,
  'mesh.host': BOUND,
  'mesh.port': BOUND,
  'mesh.advertise': IDENTITY,
  'mesh.seeds': 'live',
  'mesh.key': 'live',
  'mesh.heartbeatMs': HEARTBEATS,
  'mesh.suspectAfterMs': HEARTBEATS,
  'mesh.deadAfterMs': HEARTBEATS,
  'mesh.batchMs': HEARTBEATS,
  'play.mode': 'live',
  'play.order': 'live',
  'play.waitMs': 'live',
  // These, and those of relays: what begins later has it.
  'play.mergeMs': 'live',
  'play.queueBytesMax': 'live',
  'play.queueMs': 'live',
  'play.stuckMs': 'live',
  'play.gopCacheBytesMax': 'live',
  'play.cors': 'live',
  'play.auth': 'live',
  'publish.idleMs': 'live',
  'publish.origins': 'live',
  'publish.auth': 'live',
  'publish.policy': 'live',
  'relay.advertise': 'live',
  'relay.tls': { restart: 'the key by which others check this member is made at its start' },
  'relay.tree': 'live',
  'relay.lingerMs': 'live',
  'relay.stallMs': 'live',
  'relay.connectMs': 'live',
  'relay.retryMs': 'live',
  'relay.lagMs': 'live',
  'relay.replayMs': 'live',
  'relay.replayBytesMax': 'live',
  'forward.enabled': 'live',
  'forward.keepMs': 'live',
  'forward.keepBytesMax': 'live',
  'forward.stallMs': 'live',
  'forward.lostMs': 'live',
  'drain.deadlineMs': 'live',
  'drain.listener': 'live',
  'drain.forwardPublishers': 'live',
  'limits.connectionsMax': 'live',
  'limits.connectionsPerAddressMax': 'live',
  'limits.publishesPerAddressPerMinute': 'live',
  'limits.refusalsPerAddressPerMinute': 'live',
  'limits.outboundKbpsMax': 'live',
  'limits.workerMemoryMax': 'live',
  'limits.handshakeMs': 'live',
  'limits.messageBytesMax': ONE_LARGEST,
  'limits.chunkStreamsMax': ONE_LARGEST,
  'apps.<app>.play.mode': 'live',
  'apps.<app>.play.mergeMs': 'live',
  'apps.<app>.play.auth': 'live',
  'apps.<app>.publish.policy': 'live',
  'apps.<app>.publish.auth': 'live',
};

/** Why a key of the configuration, such as `rtmp.port`, counts from the next start on; null where it does not, or is none. */
export function restartReason(key: string): string | null {
  const how = Object.hasOwn(HOW_APPLIED, key) ? HOW_APPLIED[key as keyof typeof HOW_APPLIED] : 'live';
  return how === 'live' ? null : how.restart;
}
