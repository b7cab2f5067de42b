import { DEFAULT_VHOST, parseStreamKey, type StreamKey } from '@headwater/directory';
import type { RelayAddress } from '../../media-host.js';
import { encodeName } from '../stream-name.js';
import type { RtmpTarget } from './rtmp-target.js';

/** A stream on another member, as this one pulls it from there or publishes it there. The key must be valid. */
export function memberTarget(key: StreamKey, address: RelayAddress, query: string): RtmpTarget {
  const name = parseStreamKey(key);
  if (name === null) throw new TypeError(`"${key}" is no stream key`);
  return {
    host: address.host,
    port: address.tls?.port ?? address.rtmpPort,
    ...(address.tls === undefined ? {} : { keyHash: address.tls.keyHash }),
    app: encodeName(name.app),
    stream: encodeName(name.stream),
    query,
    ...(name.vhost === DEFAULT_VHOST ? {} : { vhost: name.vhost }),
  };
}
