import { createGuard, type GuardConfig } from '@headwater/guard';
import { HANG_MS } from '@headwater/testing/await-condition';
import { MemoryLog } from '@headwater/testing/memory-log';
import { createMedia } from '../create-media.js';
import type { Media } from '../media.js';
import type { MediaOptions } from '../media-options.js';
import { mediaOptions } from './media-options.js';
import { MemoryMesh } from './memory-mesh.js';

export interface TestMember {
  readonly name: string;
  readonly media: Media;
  readonly log: MemoryLog;
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** `rtmp://127.0.0.1:PORT/PATH`. */
  rtmp(path: string): string;
  stop(): Promise<void>;
}

/** Starts a member's media plane in this process, on free ports. */
export async function startMember(
  name = 'a',
  more: Partial<MediaOptions> = {},
  mesh = new MemoryMesh(),
  rules?: Partial<GuardConfig>,
): Promise<TestMember> {
  const log = new MemoryLog();
  const guard = rules === undefined ? undefined : createGuard(guardConfig(name, rules), { log });
  const media = createMedia(
    mediaOptions(name, more),
    mesh.host(name),
    log,
    guard === undefined ? {} : { guard },
  );
  await media.start();
  const { rtmp, http } = media.ports;
  mesh.setPorts(name, rtmp, http);
  return {
    name,
    media,
    log,
    rtmpPort: rtmp,
    httpPort: http,
    rtmp: (path) => `rtmp://127.0.0.1:${rtmp}/${path}`,
    async stop() {
      await media.stop();
      await guard?.stop(HANG_MS);
    },
  };
}

/** Rules as a member has them by default: none. */
export function guardConfig(member: string, more: Partial<GuardConfig> = {}): GuardConfig {
  return {
    member,
    publish: [],
    play: [],
    apps: {},
    refusalsPerAddressPerMinute: 60,
    relayKeys: [],
    ...more,
  };
}
