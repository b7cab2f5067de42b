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

interface ListenKeys {
  readonly port:
    | 'rtmp.port'
    | 'rtmps.port'
    | 'http.port'
    | 'https.port'
    | 'api.port'
    | 'api.tlsPort'
    | 'metrics.port'
    | 'mesh.port';
  readonly host:
    | 'rtmp.host'
    | 'rtmps.host'
    | 'http.host'
    | 'https.host'
    | 'api.host'
    | 'metrics.host'
    | 'mesh.host';
}

const LISTENERS: readonly ListenKeys[] = [
  { port: 'rtmp.port', host: 'rtmp.host' },
  { port: 'http.port', host: 'http.host' },
  { port: 'api.port', host: 'api.host' },
  { port: 'metrics.port', host: 'metrics.host' },
  { port: 'mesh.port', host: 'mesh.host' },
  { port: 'rtmps.port', host: 'rtmps.host' },
  { port: 'https.port', host: 'https.host' },
  { port: 'api.tlsPort', host: 'api.host' },
];

const DISTINCT_LISTENERS: readonly Rule[] = LISTENERS.flatMap((a, index) =>
  LISTENERS.slice(index + 1).map(
    (b): Rule => ({
      keys: [b.port, a.port, a.host, b.host],
      severity: 'error',
      check: (values) => {
        const port = values[b.port];
        const isTaken = port !== undefined && port !== null && port !== 0 && port === values[a.port];
        return isTaken && overlap(values[a.host], values[b.host])
          ? `found ${port}, which ${a.port} has already; expected a port of its own`
          : null;
      },
    }),
  ),
);

const TLS_PORTS = ['rtmps.port', 'https.port', 'api.tlsPort'] as const;

/** `relay.tls` alone needs no certificate: other members are answered with one of its own. */
const CERTIFICATE_FOR_EACH: readonly Rule[] = TLS_PORTS.map((key) => ({
  keys: [key, 'tls.certificates', 'relay.tls'],
  severity: 'error',
  check: (values) =>
    values[key] === null ||
    values['tls.certificates'].length > 0 ||
    (key === 'rtmps.port' && values['relay.tls'])
      ? null
      : `found ${values[key]}, but tls.certificates is empty; expected a certificate with its key there`,
}));

export const RULES: readonly Rule[] = [
  ...DISTINCT_LISTENERS,
  ...CERTIFICATE_FOR_EACH,
  {
    keys: ['tls.certificates', 'metrics.tls', ...TLS_PORTS],
    severity: 'warning',
    check: (values) =>
      values['tls.certificates'].length === 0 ||
      values['metrics.tls'] ||
      TLS_PORTS.some((key) => values[key] !== null)
        ? null
        : 'nothing listens for TLS: set rtmps.port, https.port or api.tlsPort',
  },
  {
    keys: ['metrics.tls', 'metrics.port', 'tls.certificates'],
    severity: 'error',
    check: (values) => {
      if (!values['metrics.tls']) return null;
      if (values['metrics.port'] === undefined)
        return 'found true, but metrics.port is not set; expected a port there, or api.tlsPort to ask the API by TLS';
      return values['tls.certificates'].length > 0
        ? null
        : 'found true, but tls.certificates is empty; expected a certificate with its key there';
    },
  },
  {
    keys: ['metrics.token', 'metrics.port'],
    severity: 'warning',
    check: (values) =>
      values['metrics.token'] === undefined || values['metrics.port'] !== undefined
        ? null
        : 'it counts on metrics.port alone, which is not set: on api.port the tokens of the API count',
  },
  {
    keys: ['relay.tls', 'rtmps.port'],
    severity: 'error',
    check: (values) =>
      !values['relay.tls'] || values['rtmps.port'] !== null
        ? null
        : 'found true, but rtmps.port is off; expected a port there, from which the other members pull',
  },
  {
    keys: ['rtmp.port', 'relay.tls'],
    severity: 'error',
    check: (values) =>
      values['rtmp.port'] !== null || values['relay.tls']
        ? null
        : 'found off, so that other members cannot pull from here; expected relay.tls: true, on every member',
  },
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
    keys: ['api.readToken', 'api.token'],
    severity: 'warning',
    check: (values) =>
      values['api.readToken'] === undefined || values['api.token'] !== undefined
        ? null
        : 'found one without api.token, so nobody may change anything through the API',
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
      const host = hostOf(mesh);
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
    check: (values) =>
      hasFarSeeds(values) && isLoopback(values['mesh.host'])
        ? `seeds on other machines can't reach this member, since mesh.host is ${values['mesh.host']}`
        : null,
  },
  {
    keys: ['mesh.advertise', 'mesh.seeds'],
    severity: 'warning',
    check: (values) => {
      const mesh = values['mesh.advertise'];
      return mesh !== undefined && isLoopback(hostOf(mesh)) && hasFarSeeds(values)
        ? `found ${mesh}, which members on other machines take for themselves: they can neither dial this one nor pull from it`
        : null;
    },
  },
  {
    keys: ['relay.advertise', 'mesh.seeds'],
    severity: 'warning',
    check: (values) => {
      const near = values['relay.advertise'].find(({ host }) => isLoopback(host));
      return near !== undefined && hasFarSeeds(values)
        ? `found ${near.host}, which members on other machines take for themselves: they cannot pull from this one there`
        : null;
    },
  },
  {
    keys: ['mesh.seeds', 'mesh.port', 'rtmp.port', 'http.port', 'api.port'],
    severity: 'warning',
    check: (values) => {
      const others = (['rtmp.port', 'http.port', 'api.port'] as const).filter(
        (key) => values[key] !== null && values[key] !== values['mesh.port'],
      );
      for (const seed of values['mesh.seeds']) {
        const other = others.find((key) => seed.endsWith(`:${values[key]}`));
        if (other !== undefined)
          return `${seed} has the port of ${other} here; a seed is asked at its mesh.port, which is ${values['mesh.port']} here`;
      }
      return null;
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
    keys: ['forward.keepMs', 'forward.stallMs'],
    severity: 'warning',
    check: (values) =>
      values['forward.keepMs'] === 0 || values['forward.keepMs'] > values['forward.stallMs']
        ? null
        : `no more than forward.stallMs (${values['forward.stallMs']}): when a hung origin is noticed, what it did not pass on is no longer kept`,
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

/** Of `host:port`, IPv6 without brackets. */
const hostOf = (text: string): string => text.replace(/:\d+$/, '').replace(/[[\]]/g, '');

const hasFarSeeds = (values: ConfigValues): boolean =>
  values['mesh.seeds'].some((seed) => !isLoopback(hostOf(seed)));

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
