import type { MediaOptions } from '@headwater/media';

const HERE = { host: '127.0.0.1', port: 0 } as const;

/** A worker's options: the defaults of the configuration, and no limits that the load could meet. */
export function mediaOptions(worker: number, path: string): MediaOptions {
  return {
    memberName: 'member',
    worker: { worker, path },
    rtmp: HERE,
    http: HERE,
    vhosts: [],
    acceptsPublishers: true,
    play: {
      mode: 'auto',
      waitMs: 60_000,
      queueBytesMax: 8_388_608,
      stuckMs: 10_000,
      gopCacheBytesMax: 16_777_216,
      mergeMs: 30,
    },
    publish: { idleMs: 60_000 },
    relay: {
      lingerMs: 1000,
      stallMs: 1500,
      connectMs: 3000,
      retryMs: 500,
      replayMs: 5000,
      replayBytesMax: 4_194_304,
    },
    limits: {
      connectionsMax: 20_000,
      connectionsPerAddressMax: 20_000,
      handshakeMs: 30_000,
      messageBytesMax: 8_388_608,
      chunkStreamsMax: 64,
    },
    apps: {},
  };
}
