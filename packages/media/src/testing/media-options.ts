import type { MediaOptions } from '../media-options.js';

/** Options as a member has them by default, on free ports of loopback. */
export function mediaOptions(name: string, more: Partial<MediaOptions> = {}): MediaOptions {
  return {
    memberName: name,
    rtmp: { host: '127.0.0.1', port: 0 },
    http: { host: '127.0.0.1', port: 0 },
    vhosts: [],
    acceptsPublishers: true,
    play: {
      mode: 'auto',
      waitMs: 30_000,
      queueBytesMax: 8_388_608,
      stuckMs: 10_000,
      gopCacheBytesMax: 16_777_216,
    },
    publish: { idleMs: 600_000 },
    relay: {
      lingerMs: 500,
      stallMs: 1500,
      connectMs: 3000,
      retryMs: 100,
      replayMs: 5000,
      replayBytesMax: 4_194_304,
    },
    limits: {
      connectionsMax: 1000,
      connectionsPerAddressMax: 1000,
      handshakeMs: 10_000,
      messageBytesMax: 8_388_608,
      chunkStreamsMax: 64,
    },
    apps: {},
    ...more,
  };
}
