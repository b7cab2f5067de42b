import type { MediaOptions, MediaSettings } from './media-host.js';

/** Options that change while media runs. Each is read where it is used, never kept. */
export interface LiveOptions {
  readonly options: MediaOptions;
  configure(settings: MediaSettings): void;
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * What of `MediaOptions` may change: `play.mode`, `waitMs`, `mergeMs` (streams that begin later), `cors`; `publish`; the limits
 * of connections, publishes and the outbound rate; `apps`. The other limits bound what sessions have agreed upon already.
 */
export function liveOptions(given: MediaOptions): LiveOptions {
  const play: Changeable<MediaOptions['play']> = { ...given.play };
  const publish: Changeable<MediaOptions['publish']> = { ...given.publish };
  const limits: Changeable<MediaOptions['limits']> = { ...given.limits };
  const options: Changeable<MediaOptions> = { ...given, play, publish, limits };
  return {
    options,
    configure(settings) {
      const { mode, waitMs, mergeMs, cors } = settings.play;
      Object.assign(play, { mode, waitMs, mergeMs, cors });
      const { idleMs, policy, origins } = settings.publish;
      Object.assign(publish, { idleMs, policy, origins });
      const { connectionsMax, connectionsPerAddressMax, outboundKbpsMax, publishesPerAddressPerMinute } =
        settings.limits;
      Object.assign(limits, {
        connectionsMax,
        connectionsPerAddressMax,
        outboundKbpsMax,
        publishesPerAddressPerMinute,
      });
      options.apps = settings.apps;
    },
  };
}
