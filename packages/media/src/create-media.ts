import { randomUUID } from 'node:crypto';
import type { StreamKey } from '@headwater/directory';
import { type Guard, OPEN_GUARD } from '@headwater/guard';
import { AfterAnswer } from './after-answer.js';
import { TrustedProxies } from './arrival/trusted-proxies.js';
import { mergeMsOf } from './desks/play/app-play.js';
import { PlayDesk } from './desks/play/play-desk.js';
import { ForwardDesk } from './desks/publish/forward-desk.js';
import { PublishDesk } from './desks/publish/publish-desk.js';
import { policyOf } from './desks/publish/publish-policy.js';
import { tellRefusals } from './desks/tell-refusals.js';
import { Fence } from './fence.js';
import { MediaTally } from './figures/media-tally.js';
import { talliedGuard } from './figures/tallied-guard.js';
import { type RtmpLinkParts, rtmpLink } from './forward/rtmp-link.js';
import { liveOptions } from './live-options.js';
import type { Media } from './media.js';
import type { MediaEventListener } from './media-event.js';
import type { MediaHost } from './media-host.js';
import type { MediaListenerName, MediaPorts } from './media-listeners.js';
import type { MediaLog } from './media-log.js';
import type { MediaOptions } from './media-options.js';
import type { ClientRef } from './media-views.js';
import { ConnectionGate, spareOf } from './protocols/connection-gate.js';
import { createFlvListener } from './protocols/http/flv-listener.js';
import type { Listener, PausableListener } from './protocols/listener.js';
import { createRtmpListener } from './protocols/rtmp/rtmp-listener.js';
import { SiblingListener } from './protocols/sibling/sibling-listener.js';
import { memberUpstream } from './relay/member-upstream.js';
import { rtmpUpstream } from './relay/rtmp-upstream.js';
import { SharedUpstreams } from './relay/shared-upstreams.js';
import { SiblingUpstreams } from './relay/sibling-upstream.js';
import { OutboundRate } from './stream/outbound-rate.js';
import { relayOwners } from './stream/relay-owner.js';
import type { StreamLimits } from './stream/stream-limits.js';
import { StreamTable } from './stream/stream-table.js';
import { systemTimers, type Timers } from './stream/timers.js';
import { CertificateStore } from './tls/certificate-store.js';

/** How often stuck players and idle publishers are looked for, and the outbound rate is measured. */
const SWEEP_MS = 1000;

/** `play.queueMs` where it is not set. */
const QUEUE_MS = 10_000;
/** `limits.publishesPerAddressPerMinute` where it is not set. */
const PUBLISHES_PER_MINUTE = 6000;
/** Live media of all streams that may wait for one other worker which does not keep up. */
const SIBLING_BYTES_MAX = 134_217_728;
/** `relay.lagMs` where it is not set. */
const LAG_MS = 1000;

/** What a process may add to media. */
export interface MediaExtras {
  /** Who may publish and play; it is stopped by who made it. Without one everybody may. */
  readonly guard?: Guard;
  /** Hears of what happens. */
  readonly tell?: MediaEventListener;
  /** Counts what happens; absent: one of its own. */
  readonly tally?: MediaTally;
}

/** Puts the media plane of one member together; nothing listens before `start`. */
export function createMedia(
  given: MediaOptions,
  host: MediaHost,
  givenLog: MediaLog,
  { guard: judge = OPEN_GUARD, tell: hear = () => {}, tally = new MediaTally() }: MediaExtras = {},
): Media {
  const live = liveOptions(given);
  const { options } = live;
  const afterAnswer = new AfterAnswer();
  const log = afterAnswer.inOrder(givenLog);
  const tell: MediaEventListener = (event) => {
    afterAnswer.catchUp();
    tally.take(event);
    hear(event);
  };
  const guard = talliedGuard(judge, tally);
  const { play, publish, relay, limits } = options;
  const fence = new Fence(log);
  const upstreams = new SiblingUpstreams(options, fence);
  const pullFromMember = rtmpUpstream(options, host, fence, guard);
  const limitsOf = (key: StreamKey): StreamLimits => ({
    gopCacheBytesMax: play.gopCacheBytesMax,
    queueBytesMax: play.queueBytesMax,
    queueMs: play.queueMs ?? QUEUE_MS,
    stuckMs: play.stuckMs,
    mergeMs: mergeMsOf(key, options),
    ...relay,
    lagMs: relay.lagMs ?? LAG_MS,
  });
  const timers = fencedTimers(fence);
  const shared = new SharedUpstreams(
    {
      limitsOf,
      timers,
      open: ({ owner, through, key, relayId }, ...pull) =>
        pullFromMember({ member: owner, through, ...(relayId !== undefined && { relayId }) }, key, ...pull),
    },
    fence,
  );
  const openMember = memberUpstream({
    host,
    ...(options.worker !== undefined && { worker: options.worker }),
    pull: pullFromMember,
    shared,
    siblings: upstreams,
    timers,
  });
  const streams = new StreamTable({
    limitsOf,
    ownersOf: (key) => relayOwners(host.owners(key), host.member, host.workerOf(key)),
    open: (owner, ...pull) =>
      owner.worker === undefined ? openMember(owner, ...pull) : upstreams.open(owner.worker, ...pull),
    get headOf() {
      return host.relayHead;
    },
    detours: (owner) => host.detours(owner),
    timers,
    log,
    tell,
    newRelayId: randomUUID,
    watch: {
      began: (player) => tally.began(player, Date.now()),
      tracksChanged: () => tally.add('disconnects', 'tracks-changed'),
      searched: (result) => tally.add('spliceSearches', result),
    },
  });
  const gate = new ConnectionGate(
    limits,
    (ip) => host.isMemberAddress(ip),
    () => spareOf(limits.connectionsMax),
    (address) => host.elsewhere?.(address),
  );
  const rate = new OutboundRate();
  const isFull = () => gate.isFull || rate.kbps >= (limits.outboundKbpsMax || Number.POSITIVE_INFINITY);
  const plays = new PlayDesk({ streams, host, log, isFull, tell, afterAnswer }, options);
  const publishes = new PublishDesk(
    {
      streams,
      host,
      forwards: forwardDesk(),
      log,
      tell,
      onPublisherChanged: (key) => plays.reconsider(key),
    },
    {
      acceptsPublishers: options.acceptsPublishers,
      get idleMs() {
        return publish.idleMs;
      },
      policy: (key) => policyOf(key, options),
      get publishesPerAddressPerMinute() {
        return limits.publishesPerAddressPerMinute ?? PUBLISHES_PER_MINUTE;
      },
    },
  );
  function forwardDesk(): ForwardDesk | null {
    const { forward } = options;
    if (forward === undefined) return null;
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
      limitsOf: (key) => ({ ...forward, retryMs: relay.retryMs, stream: limitsOf(key) }),
    });
  }
  const isMemberAddress = (ip: string): boolean => host.isMemberAddress(ip);
  const siblings =
    options.worker === undefined
      ? null
      : new SiblingListener({
          path: options.worker.path,
          streams,
          owners: shared,
          limits: {
            get pullBytesMax() {
              return play.queueBytesMax;
            },
            linkBytesMax: SIBLING_BYTES_MAX,
            get stuckMs() {
              return play.stuckMs;
            },
          },
          log,
          fence,
        });
  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const told = tellRefusals(guard, tell);
  const parts = {
    options,
    plays,
    publishes,
    gate,
    log,
    fence,
    guard: told,
    isMemberAddress,
    proxies,
    afterAnswer,
  };
  let certificates: CertificateStore | null = null;
  const rtmpListeners: PausableListener[] = [];
  const listeners = new Map<MediaListenerName, Listener>();
  let ports: MediaPorts = { rtmp: options.rtmp.port ?? 0, rtmps: 0, http: options.http.port ?? 0, https: 0 };

  async function listenAll(): Promise<void> {
    const plain = { ...parts, certificates: null };
    const open = (name: MediaListenerName, listener: Listener): Promise<number> => {
      listeners.set(name, listener);
      return listener.start();
    };
    if (options.tls !== undefined) certificates = await CertificateStore.open(options.tls, log);
    const secure = { ...parts, certificates };
    const off = { host: '', port: null };
    const rtmps = certificates === null ? off : (options.rtmps ?? off);
    const https = certificates === null ? off : (options.https ?? off);
    const openRtmp = (name: MediaListenerName, listener: PausableListener): Promise<number> => {
      rtmpListeners.push(listener);
      return open(name, listener);
    };
    ports = {
      rtmp: await openRtmp('rtmp', createRtmpListener({ ...plain, at: options.rtmp })),
      rtmps: await openRtmp('rtmps', createRtmpListener({ ...secure, at: rtmps })),
      http: await open('http', createFlvListener({ ...plain, at: options.http })),
      https: await open('https', createFlvListener({ ...secure, at: https })),
    };
    await siblings?.start();
  }

  async function closeListeners(): Promise<void> {
    certificates?.close();
    await Promise.all([...[...listeners.values()].map((listener) => listener.stop()), siblings?.stop()]);
  }
  let sweep: NodeJS.Timeout | null = null;

  function sweepOnce(): void {
    const nowMs = performance.now();
    rate.sample(streams.traffic.bytesOut, nowMs);
    fence.runTask('end idle publishers', () => publishes.endIdle(nowMs));
    fence.runTask('end stuck players', () => endStuck(nowMs));
    fence.runTask('end stuck workers', () => siblings?.endStuck(nowMs));
    void siblings?.lookAfterSocket(nowMs);
  }

  function endStuck(nowMs: number): void {
    for (const stream of [...streams.values()]) {
      for (const player of stream.endStuckPlayers(nowMs)) {
        tally.add('disconnects', 'stuck');
        log.warn(
          {
            key: stream.key,
            id: player.id,
            client: player.remote,
            protocol: player.protocol,
            reason: 'stuck',
          },
          'player disconnected',
        );
      }
    }
  }

  function* clients(): Iterable<ClientRef> {
    for (const publisher of publishes.publishers()) {
      const { id, key, protocol, remote, agent, sinceMs, isFlowing, forwardedTo } = publisher;
      const about = { id, kind: 'publish', key, protocol, remote } as const;
      const state = isFlowing ? 'publishing' : 'silent';
      const bytes = (): number =>
        publisher.bytesIn ??
        (streams.get(key)?.hasPublisher === true ? streams.get(key)?.bytesIn : undefined) ??
        0;
      const to = forwardedTo === undefined ? {} : { forwardedTo };
      const view = () =>
        ({
          ...about,
          agent,
          sinceMs,
          state,
          bytes: bytes(),
          queueBytes: 0,
          framesDropped: 0,
          ...to,
        }) as const;
      yield { ...about, view };
    }
    for (const stream of streams.values()) {
      for (const { player, isPull, view } of stream.clients()) {
        const { id, protocol, remote } = player;
        const about = { id, kind: isPull ? 'relay' : 'play', key: stream.key, protocol, remote } as const;
        yield {
          ...about,
          view: () => {
            const { bytesOut, ...rest } = view();
            return { ...rest, ...about, bytes: bytesOut };
          },
        };
      }
    }
  }

  function totals() {
    const { bytesIn, bytesOut, framesDropped } = streams.traffic;
    return {
      bytesIn: { ...bytesIn },
      bytesOut: { '': bytesOut },
      framesDropped: {
        'play.queueBytesMax': framesDropped.queueBytes,
        'play.queueMs': framesDropped.queueMs,
      },
    };
  }

  function gauges() {
    const players: Record<string, number> = {};
    const relayWays = { direct: 0, through: 0 };
    let queueBytes = 0;
    for (const stream of streams.values()) {
      const { source } = stream;
      if (source?.kind === 'relay' && source.worker === undefined)
        relayWays[source.through === null ? 'direct' : 'through'] += 1;
      for (const { player, isPull } of stream.clients()) {
        const labels = `${player.protocol} ${isPull ? 'relay' : 'play'}`;
        players[labels] = (players[labels] ?? 0) + 1;
        queueBytes += player.queue.queuedBytes;
      }
    }
    return { players, queueBytes: { '': queueBytes }, forwards: { '': publishes.forwardCount }, relayWays };
  }

  return {
    async start() {
      try {
        await listenAll();
      } catch (error) {
        await closeListeners();
        throw error;
      }
      sweep = setInterval(sweepOnce, SWEEP_MS);
    },
    async stop() {
      afterAnswer.catchUp();
      if (sweep !== null) clearInterval(sweep);
      // Before the publishers: who pulls from here hears that this member is lost, not that the stream is over. An edge
      // brings the same publisher to another origin within moments, and the pull goes on there with the next frame.
      plays.stop();
      await siblings?.stop();
      publishes.stop();
      streams.close();
      upstreams.stop();
      shared.stop();
      await closeListeners();
    },
    get ports() {
      return ports;
    },
    refusePublishers: (forwards) => publishes.refuse(forwards),
    acceptPublishers: () => publishes.accept(),
    async configure(settings) {
      await certificates?.replace(settings.certificates);
      live.configure(settings);
      proxies.replace(settings.trustedProxies ?? []);
    },
    askPublishersToReconnect: () => publishes.askToReconnect(),
    publishersAsked: () => publishes.askedCount,
    clients,
    kick(id) {
      if (!plays.kick(id)) return publishes.kick(id);
      tally.add('disconnects', 'kicked');
      return true;
    },
    closePublishers(which) {
      publishes.close(which);
      plays.endPassedOn();
    },
    pauseRtmp() {
      for (const listener of rtmpListeners) listener.pause();
    },
    async resumeRtmp() {
      for (const listener of rtmpListeners) await listener.resume();
    },
    take(name, socket) {
      const listener = listeners.get(name);
      if (listener === undefined) socket.destroy();
      else listener.take(socket);
    },
    endPublisher: (key, sinceMs, reason) => publishes.endOne(key, sinceMs, reason),
    pulls: () => plays.pulls(),
    streams: () => [...streams.values()].map((stream) => stream.view()),
    stream: (key, playersMax) => streams.get(key)?.view(playersMax),
    streamKeys: () => streams.keys(),
    playerCount: (key) => streams.get(key)?.playerCount ?? 0,
    figures: () => {
      afterAnswer.catchUp();
      return tally.figures(totals(), gauges());
    },
    streamTotal(key) {
      const stream = streams.get(key);
      if (stream === undefined) return null;
      const { playerCount: players, bytesIn, bytesOut } = stream;
      return { key, players, bytesIn, bytesOut };
    },
    faults: () => fence.faults,
    get connections() {
      return gate.connections;
    },
    get isFull() {
      return isFull();
    },
    load() {
      let players = 0;
      for (const stream of streams.values()) players += stream.playerCount;
      return { players, publishers: publishes.count, outboundKbps: rate.kbps };
    },
  };
}

/** A stream's own timers: what throws in one ends neither the process nor another stream. */
function fencedTimers(fence: Fence): Timers {
  return {
    ...systemTimers,
    after: (delayMs, run) => systemTimers.after(delayMs, () => fence.runTask('timer of a stream', run)),
  };
}
