import type { createMedia, MediaSettings, TlsOptions } from '@headwater/media';
import { ownHosts } from './api/access-of.js';
import type { OriginConfig } from './config/origin-config.js';

/** What media is made of, as the configuration has it. */
export function mediaOptions(config: OriginConfig, tls: TlsOptions): Parameters<typeof createMedia>[0] {
  const {
    rtmp,
    rtmps,
    http,
    https,
    vhosts,
    trustedProxies,
    proxyHeaders,
    play,
    publish,
    relay,
    limits,
    apps,
    name,
    role,
  } = config;
  return {
    memberName: name,
    acceptsPublishers: role === 'origin',
    forward: forwardOf(config),
    rtmp,
    rtmps,
    http,
    https,
    tls,
    trustedProxies,
    proxyHeaders,
    vhosts,
    ownHosts: ownHosts(config),
    play,
    publish,
    relay,
    limits,
    apps,
  };
}

/** What of it may change while media runs. */
export function mediaSettings(config: OriginConfig): MediaSettings {
  const { play, publish, relay, limits, apps, vhosts, trustedProxies, proxyHeaders, tls } = config;
  return {
    play,
    publish,
    relay,
    forward: forwardOf(config),
    limits,
    apps,
    vhosts,
    ownHosts: ownHosts(config),
    trustedProxies,
    proxyHeaders,
    certificates: tls.certificates,
  };
}

/** An origin forwards while it drains alone, where `drain.forwardPublishers` says so. */
function forwardOf({ role, forward }: OriginConfig): NonNullable<MediaSettings['forward']> {
  return { ...forward, enabled: role === 'origin' || forward.enabled };
}
