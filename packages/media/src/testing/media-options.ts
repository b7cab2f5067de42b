import type { MediaLog, MediaOptions } from '../media-host.js';

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

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that a test can read. */
export class MemoryLog implements MediaLog {
  readonly lines: LogLine[] = [];

  debug(fields: object, msg: string): void {
    this.#add('debug', fields, msg);
  }
  info(fields: object, msg: string): void {
    this.#add('info', fields, msg);
  }
  warn(fields: object, msg: string): void {
    this.#add('warn', fields, msg);
  }
  error(fields: object, msg: string): void {
    this.#add('error', fields, msg);
  }

  /** The fields of every line with this message. */
  of(msg: string): readonly LogLine['fields'][] {
    return this.lines.filter((line) => line.msg === msg).map((line) => line.fields);
  }

  #add(level: string, fields: object, msg: string): void {
    this.lines.push({ level, msg, fields: fields as LogLine['fields'] });
  }
}
