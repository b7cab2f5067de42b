import { ConnectionGate } from './connection-gate.js';
import { createFlvListener } from './flv/flv-listener.js';
import type { Media, MediaHost, MediaLog, MediaOptions } from './media-host.js';
import { OutboundRate } from './outbound-rate.js';
import { PlayDesk } from './play/play-desk.js';
import { PublishDesk } from './publish/publish-desk.js';
import { createRelayPuller } from './relay/relay-source.js';
import { createRtmpListener } from './rtmp/rtmp-listener.js';
import { StreamTable } from './stream/stream-table.js';

/** How often stuck players and idle publishers are looked for, and the outbound rate is measured. */
const SWEEP_MS = 1000;

/** `play.mergeMs` where it is not set: below what an eye or a player's buffer notices, and a fifth of the cost. */
const MERGE_MS = 30;

/** Puts the media plane of one member together; nothing listens before `start`. */
export function createMedia(options: MediaOptions, host: MediaHost, log: MediaLog): Media {
  const { play, publish, relay, limits } = options;
  const streams = new StreamTable({
    gopCacheBytesMax: play.gopCacheBytesMax,
    queueBytesMax: play.queueBytesMax,
    stuckMs: play.stuckMs,
    mergeMs: play.mergeMs ?? MERGE_MS,
  });
  const gate = new ConnectionGate(limits.connectionsMax, limits.connectionsPerAddressMax);
  const plays = new PlayDesk(
    { streams, host, puller: createRelayPuller(options, log), log },
    { ...options, relay },
  );
  const publishes = new PublishDesk(
    { streams, host, log, onPublisherChanged: (key) => plays.reconsider(key) },
    { acceptsPublishers: options.acceptsPublishers, idleMs: publish.idleMs },
  );
  const parts = { options, plays, publishes, gate, log };
  const rtmp = createRtmpListener(parts);
  const http = createFlvListener(parts);
  const rate = new OutboundRate();
  let ports = { rtmp: options.rtmp.port, http: options.http.port };
  let sweep: NodeJS.Timeout | null = null;

  function sweepOnce(): void {
    const nowMs = performance.now();
    rate.sample(streams.traffic.bytesOut, nowMs);
    publishes.endIdle(nowMs);
    for (const stream of [...streams.values()]) {
      for (const player of stream.endStuckPlayers(nowMs)) {
        log.warn(
          { key: stream.key, client: player.remote, protocol: player.protocol, reason: 'stuck' },
          'player disconnected',
        );
      }
    }
  }

  return {
    async start() {
      const rtmpPort = await rtmp.start();
      try {
        ports = { rtmp: rtmpPort, http: await http.start() };
      } catch (error) {
        await rtmp.stop();
        throw error;
      }
      sweep = setInterval(sweepOnce, SWEEP_MS);
    },
    async stop() {
      if (sweep !== null) clearInterval(sweep);
      publishes.stop();
      plays.stop();
      await Promise.all([rtmp.stop(), http.stop()]);
    },
    get ports() {
      return ports;
    },
    streams: () => [...streams.values()].map((stream) => stream.view()),
    stream: (key) => streams.get(key)?.view(),
    load() {
      let players = 0;
      for (const stream of streams.values()) players += stream.playerCount;
      return { players, publishers: publishes.count, outboundKbps: rate.kbps };
    },
  };
}
