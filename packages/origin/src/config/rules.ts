import { isWildcard, sameHost } from '@headwater/directory';
import { isLoopback } from './address.js';
import type { ConfigValues, FixedPath } from './origin-config.js';
import type { Problem } from './setting.js';

/** What must or should hold between keys. Checked where each of its keys is valid by itself. */
export interface Rule {
  /** The keys it speaks of; the first one is blamed. */
  readonly keys: readonly [FixedPath, ...FixedPath[]];
  readonly severity: 'error' | 'warning';
  readonly code?: NonNullable<Problem['code']>;
  /** What is wrong and what is expected; null where it holds. */
  readonly check: (values: ConfigValues) => string | null;
}

const LISTENERS = ['rtmp', 'http', 'api', 'metrics', 'mesh'] as const;

const DISTINCT_LISTENERS: readonly Rule[] = LISTENERS.flatMap((a, index) =>
  LISTENERS.slice(index + 1).map(
    (b): Rule => ({
      keys: [`${b}.port`, `${a}.port`, `${a}.host`, `${b}.host`],
      severity: 'error',
      check: (values) => {
        const port = values[`${b}.port`];
        const isTaken = port !== undefined && port !== 0 && port === values[`${a}.port`];
        return isTaken && overlap(values[`${a}.host`], values[`${b}.host`])
          ? `found ${port}, which ${a}.port has already; expected a port of its own`
          : null;
      },
    }),
  ),
);

export const RULES: readonly Rule[] = [
  ...DISTINCT_LISTENERS,
  {
    keys: ['mesh.key', 'mesh.host'],
    severity: 'error',
    code: 'MESH_KEY_MISSING',
    check: (values) =>
      values['mesh.key'] !== undefined || isLoopback(values['mesh.host'])
        ? null
        : `found none, but mesh.host is ${values['mesh.host']}, which other machines can reach; run headwater key and set mesh.key or HEADWATER_MESH_KEY to what it prints`,
  },
  {
    keys: ['advertise'],
    severity: 'error',
    check: ({ advertise }) => networkTwice(advertise),
  },
  {
    keys: ['relay.advertise'],
    severity: 'error',
    check: (values) => networkTwice(values['relay.advertise']),
  },
  {
    keys: ['relay.advertise', 'mesh.advertise', 'advertise', 'rtmp.port'],
    severity: 'warning',
    check: (values) => {
      const mesh = values['mesh.advertise'];
      if (mesh === undefined || values['relay.advertise'].length > 0) return null;
      const host = mesh.replace(/:\d+$/, '').replace(/[[\]]/g, '');
      const isMapped = values.advertise.some(
        ({ rtmpPort }) => (rtmpPort ?? 0) !== 0 && rtmpPort !== values['rtmp.port'],
      );
      const isKnown = values.advertise.some((address) => sameHost(address.host, host));
      return isMapped && !isKnown
        ? `found none: advertise maps the RTMP port, but has no entry for ${host} of mesh.advertise, so the other members pull from ${host} and port ${values['rtmp.port']}`
        : null;
    },
  },
  {
    keys: ['mesh.suspectAfterMs', 'mesh.heartbeatMs'],
    severity: 'error',
    check: (values) =>
      values['mesh.suspectAfterMs'] > values['mesh.heartbeatMs']
        ? null
        : `found ${values['mesh.suspectAfterMs']}, which is no more than one heartbeat (${values['mesh.heartbeatMs']} ms): every member would be suspect; expected at least two heartbeats`,
  },
  {
    keys: ['mesh.suspectAfterMs', 'mesh.heartbeatMs'],
    severity: 'warning',
    check: (values) => {
      const heartbeats = values['mesh.suspectAfterMs'] / values['mesh.heartbeatMs'];
      return heartbeats <= 1 || heartbeats >= 2
        ? null
        : `${values['mesh.suspectAfterMs']} ms is less than two heartbeats (${values['mesh.heartbeatMs']} ms each): one late heartbeat makes a member suspect`;
    },
  },
  {
    keys: ['mesh.seeds', 'mesh.host'],
    severity: 'warning',
    check: (values) => {
      const isFar = values['mesh.seeds'].some(
        (seed) => !isLoopback(seed.replace(/:\d+$/, '').replace(/[[\]]/g, '')),
      );
      return isFar && isLoopback(values['mesh.host'])
        ? `seeds on other machines can't reach this member, since mesh.host is ${values['mesh.host']}`
        : null;
    },
  },
  {
    keys: ['relay.stallMs'],
    severity: 'warning',
    check: (values) =>
      values['relay.stallMs'] >= 500
        ? null
        : `below 500 ms, a stream with few frames is taken for a stuck one and its relay moves for nothing`,
  },
  {
    keys: ['relay.replayMs', 'relay.stallMs'],
    severity: 'warning',
    check: (values) =>
      values['relay.replayMs'] === 0 || values['relay.replayMs'] > values['relay.stallMs']
        ? null
        : `no more than relay.stallMs (${values['relay.stallMs']}): when a hung owner is noticed, the other one has no longer what its relay needs`,
  },
  {
    keys: ['play.queueBytesMax', 'limits.messageBytesMax'],
    severity: 'warning',
    check: (values) =>
      values['play.queueBytesMax'] >= values['limits.messageBytesMax']
        ? null
        : `less than limits.messageBytesMax (${values['limits.messageBytesMax']}): a frame that large never reaches a player`,
  },
  {
    keys: ['limits.connectionsPerAddressMax', 'limits.connectionsMax'],
    severity: 'warning',
    check: (values) =>
      values['limits.connectionsPerAddressMax'] <= values['limits.connectionsMax']
        ? null
        : `more than limits.connectionsMax (${values['limits.connectionsMax']}), so it limits nothing`,
  },
];

function networkTwice(addresses: readonly { readonly network: string }[]): string | null {
  const networks = addresses.map(({ network }) => network);
  const twice = networks.find((network, index) => networks.indexOf(network) !== index);
  return twice === undefined ? null : `found the network ${twice} twice, expected one entry for each network`;
}

/** Whether two listeners with one port get into each other's way. */
function overlap(a: string, b: string): boolean {
  return (
    isWildcard(a) || isWildcard(b) || a.toLowerCase() === b.toLowerCase() || (isLoopback(a) && isLoopback(b))
  );
}
