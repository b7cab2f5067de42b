import type { MediaOptions, MediaSettings } from './media-options.js';

/** Options that change while media runs. Each is read where it is used, never kept. */
export interface LiveOptions {
  readonly options: MediaOptions;
  configure(settings: MediaSettings): void;
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * What of `MediaOptions` may change: all of `play`, `publish`, `relay`, `forward` and `apps`, whom it believes and how it is
 * named, and `limits`. Sessions and streams that are there keep what they began with. `messageBytesMax` and
 * `chunkStreamsMax` stay: the workers of a member and its listeners are made for one largest message.
 */
export function liveOptions(given: MediaOptions): LiveOptions {
  const play: Changeable<MediaOptions['play']> = { ...given.play };
  const publish: Changeable<MediaOptions['publish']> = { ...given.publish };
  const relay: Changeable<MediaOptions['relay']> = { ...given.relay };
  const forward: Changeable<NonNullable<MediaOptions['forward']>> | undefined = given.forward && {
    ...given.forward,
  };
  const limits: Changeable<MediaOptions['limits']> = { ...given.limits };
  const options: Changeable<MediaOptions> = {
    ...given,
    play,
    publish,
    relay,
    ...(forward !== undefined && { forward }),
    limits,
  };
  return {
    options,
    configure(settings) {
      become(play, settings.play);
      become(publish, settings.publish);
      become(relay, settings.relay);
      if (forward !== undefined && settings.forward !== undefined) become(forward, settings.forward);
      const { messageBytesMax, chunkStreamsMax } = limits;
      become(limits, { ...settings.limits, messageBytesMax, chunkStreamsMax });
      const { apps, vhosts, ownHosts, trustedProxies, proxyHeaders } = settings;
      Object.assign(options, { apps, vhosts, ownHosts, trustedProxies, proxyHeaders });
    },
  };
}

/** What the other one does not have is gone. */
function become<T extends object>(one: T, other: T): void {
  for (const name of Object.keys(one) as (keyof T)[]) if (!Object.hasOwn(other, name)) delete one[name];
  Object.assign(one, other);
}
