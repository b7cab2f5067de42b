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
    forward: { enabled, ...forward },
  } = config;
  return {
    memberName: name,
    acceptsPublishers: role === 'origin',
    // An origin forwards while it drains, where `drain.forwardPublishers` says so.
    ...((role === 'origin' || enabled) && { forward }),
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
    limits,
    apps,
    vhosts,
    ownHosts: ownHosts(config),
    trustedProxies,
    proxyHeaders,
    certificates: tls.certificates,
  };
}
