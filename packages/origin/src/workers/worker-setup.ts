import type { MemberId } from '@headwater/directory';
import type { ReadSecrets } from '@headwater/guard';
import type { ListenAt, MediaOptions, MediaPorts, WorkerAddress } from '@headwater/media';
import type { OriginConfig } from '../config/origin-config.js';
import { guardConfig } from '../guard-config.js';
import type { WorkerSetup } from './messages.js';

/** What a worker that starts is told of its member. */
export interface SetupFacts {
  readonly self: MemberId;
  readonly address: WorkerAddress;
  readonly config: OriginConfig;
  readonly secrets: ReadSecrets;
  readonly media: MediaOptions;
  /** Where main listens for it. */
  readonly ports: MediaPorts;
  readonly logLevel: string;
}

export function workerSetup(facts: SetupFacts): WorkerSetup {
  const { self, address, config, secrets, media, ports, logLevel } = facts;
  return {
    self,
    media: {
      ...media,
      ports: 'handed',
      rtmp: bound(media.rtmp, ports.rtmp),
      http: bound(media.http, ports.http),
      ...(media.rtmps !== undefined && { rtmps: bound(media.rtmps, ports.rtmps) }),
      ...(media.https !== undefined && { https: bound(media.https, ports.https) }),
      worker: address,
    },
    guard: guardConfig(config, self, secrets),
    order: config.play.order,
    relayTls: config.relay.tls,
    relayTree: config.relay.tree,
    ...(config.zone !== undefined && { zone: config.zone }),
    logLevel,
  };
}

/** As it really listens; what is off stays so. */
const bound = ({ host, port }: ListenAt, really: number): ListenAt => ({
  host,
  port: port === null ? null : really,
});
