import type { OriginConfig } from '../config/origin-config.js';
import type { Access } from './access.js';

/** Names by which people reach this member, as far as its configuration tells. */
export function ownHosts({ name, advertise, vhosts }: OriginConfig): readonly string[] {
  return [...new Set([name, ...advertise.map(({ host }) => host), ...vhosts])];
}

/** Who may ask the API of this member for what. */
export function accessOf(config: OriginConfig): Access {
  const { token = [], readToken = [], hosts, cors } = config.api;
  return {
    operateTokens: token,
    readTokens: readToken,
    hosts: [...hosts, ...ownHosts(config)],
    cors,
  };
}
