import { stringify } from 'yaml';
import { environmentName } from './environment-name.js';
import { APP_PLACE, type ListedOption, OPTION_LIST } from './option-lookup.js';
import type { Option } from './options.js';
import { wrapText } from './wrap-text.js';

/** Widest line of a comment. */
const WIDTH = 100;
/** What stands for an app in the example below `apps`. */
const EXAMPLE_APP = 'live';

/**
 * A config file with every key, its default and what the table says of it. It changes nothing: each value in it is the
 * default. conf/origin.yml is this text.
 */
export function referenceConfig(): string {
  let result = HEAD;
  let group = '';
  for (const listed of OPTION_LIST) {
    const parent = listed.segments.length > 1 ? (listed.segments[0] ?? '') : '';
    if (parent !== group) {
      group = parent;
      result += `\n# ${'-'.repeat(WIDTH - 2)}\n${wrapText(GROUPS[group] ?? '', WIDTH, '# ')}${group}:\n`;
      result += optionText(listed);
    } else {
      result += `\n${optionText(listed)}`;
    }
  }
  return result;
}

/** The value in the place of a key that has none, after a `#`: to be uncommented. */
function optionText({ path, segments, option }: ListedOption): string {
  const indent = '  '.repeat(segments.length > 1 ? 1 : 0);
  const facts = [
    `Default: ${defaultText(option)}.`,
    `Takes ${option.type.expected}.`,
    environmentName(path),
  ].join(' ');
  const comment = [option.meaning, ...(option.cost === undefined ? [] : [`Cost: ${option.cost}`]), facts]
    .map((text) => wrapText(text, WIDTH, `${indent}# `))
    .join('');
  return `${comment}${keyText(segments, option, indent)}`;
}

function keyText(segments: readonly string[], option: Option<unknown>, indent: string): string {
  if (segments.includes(APP_PLACE)) {
    return commented(appExample(segments, option), indent);
  }
  const name = segments.at(-1) ?? '';
  const example =
    option.example === undefined ? '' : commented(stringify({ [name]: option.example }), indent);
  if (option.default === undefined) return example === '' ? `${indent}#${name}:\n` : example;
  return `${example}${indent}${stringify({ [name]: option.default }, { flowCollectionPadding: false })}`;
}

/** The lines of an app's key, without those above it that the app's key before it has shown already. */
function appExample(segments: readonly string[], option: Option<unknown>): string {
  const lines = (of: readonly string[], example: unknown) =>
    stringify(
      of
        .slice(1)
        .map((segment) => (segment === APP_PLACE ? EXAMPLE_APP : segment))
        .reduceRight<unknown>((inner, name) => ({ [name]: inner }), example),
    ).split('\n');
  const ofApps = OPTION_LIST.filter((listed) => listed.segments.includes(APP_PLACE));
  const before = ofApps[ofApps.findIndex((listed) => listed.option === option) - 1];
  const own = lines(segments, option.example);
  if (before === undefined) return own.join('\n');
  const shown = lines(before.segments, before.option.example);
  return own.filter((line, index) => line !== shown[index]).join('\n');
}

function commented(yaml: string, indent: string): string {
  return yaml
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}#${line}\n`)
    .join('');
}

/** The default as people write it. */
export function defaultText(option: Option<unknown>): string {
  if (option.default === undefined) return option.defaultNote ?? 'none';
  if (typeof option.default !== 'object') return String(option.default);
  return option.default.length === 0 ? 'empty' : option.default.join(',');
}

/** What each group of keys is about. */
const GROUPS: Readonly<Record<string, string>> = {
  log: 'The log, on standard output.',
  rtmp: 'RTMP: publishers, players, SRS edges, and the relay pulls of other members.',
  rtmps: 'RTMP over TLS: the same by its own port, beside rtmp or instead of it.',
  http: 'HTTP-FLV and WebSocket-FLV.',
  https: 'HTTP-FLV and WebSocket-FLV over TLS.',
  tls: 'TLS, for rtmps, https, api.tlsPort and metrics.tls. See docs/tls.md.',
  api: 'The HTTP API, the health checks, and what headwater members, streams and explain ask.',
  metrics: 'Metrics for Prometheus: GET /metrics, on api.port unless it has a port of its own.',
  mesh: 'The mesh: how members find each other, and when one is given up.',
  play: 'Players.',
  publish: 'Publishers.',
  relay: 'Relays: this member fetches a stream from its owner for players that follow no redirect.',
  limits: 'What peers may use up. Whoever goes over is refused or closed, with a line in the log.',
  apps: 'What is different for single apps.',
};

const HEAD = `# Configuration of a Headwater origin, with every key there is. Each value below is the default, so
# a file needs only what differs from it. One and the same file serves on every member.
#
#   headwater config check origin.yml            is it right? shows all errors at once
#   headwater config print --config origin.yml   what would be in force, and where it came from
#   headwater origin --config origin.yml         run it
#
# Each key can also be set from outside. For mesh.seeds:
#
#   headwater origin --set mesh.seeds=a:7946,b:7946   lists with commas; KEY= puts the default back
#   HEADWATER_MESH_SEEDS=a:7946,b:7946                an empty variable is one not set
#
# Precedence: --set, then the environment, then this file, then the defaults. A list replaces a
# list. A key without a value is one not set. Times are in ms, sizes in bytes.
#
# Secrets (mesh.key, api.token, api.readToken) may be file:/path or env:NAME, here and in the
# environment; HEADWATER_MESH_KEY_FILE=/run/secrets/key, and so on for each secret key and each
# list of rules, names a file that holds the value.
#
# Unknown keys and unknown HEADWATER_ variables are errors. HEADWATER_API is none: it tells
# headwater members, streams, explain and health where to ask. And what Kubernetes puts into the
# environment for a Service called headwater or headwater-... is left alone
# (HEADWATER_SERVICE_HOST, HEADWATER_PORT_1985_TCP, HEADWATER_MESH_PORT=tcp://... and so on).
#
# A mesh takes three things: one mesh.key for all, mesh.seeds that name a member or two, and an
# advertise that clients can reach. With Docker Compose:
#
#   environment:
#     HEADWATER_NAME: origin-a
#     HEADWATER_MESH_KEY: \${HEADWATER_MESH_KEY:?run headwater key}
#     HEADWATER_MESH_SEEDS: origin-a:7946,origin-b:7946
#     HEADWATER_ADVERTISE: inside=origin-a,outside=localhost:1935:8080
#
# With Kubernetes, a StatefulSet and a headless Service called headwater-mesh (which needs
# publishNotReadyAddresses: true, since members look for each other before they are ready):
#
#   HEADWATER_MESH_KEY: from a Secret
#   HEADWATER_MESH_SEEDS: headwater-mesh:7946      every address of the name counts
#   HEADWATER_ADVERTISE: inside=$(POD_IP)
#   HEADWATER_API_HOST: 0.0.0.0                    for the probes: /healthz and /readyz on api.port

`;
