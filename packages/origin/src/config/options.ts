import {
  isMemberName,
  isZone,
  nameProblem,
  type OwnerPolicy,
  type PlayMode,
  type Role,
} from '@headwater/directory';
import type { ForwardedHeaders, PublishPolicy } from '@headwater/media';
import {
  parseAdvertised,
  parseCertificateFiles,
  parseHost,
  parseHostPort,
  parseMeshAdvertise,
  parseOrigin,
  parseRelayAdvertised,
  parseTrustedProxy,
} from './address.js';
import {
  AUTH_RULES,
  bytes,
  choice,
  FLAG,
  LISTEN_PORT,
  listOf,
  milliseconds,
  type OptionType,
  oneOrMore,
  PORT_OR_OFF,
  text,
  wholeNumber,
  wholeNumberOr,
} from './option-type.js';

/** One key of the configuration: all that validation, `--help`, `config print` and conf/origin.yml know of it. */
export interface Option<T> {
  readonly type: OptionType<T>;
  /** As written in YAML; undefined where the key may be absent, or where `defaultNote` says what stands in. */
  readonly default: string | number | boolean | readonly string[] | undefined;
  /** The default in words, where it is not one fixed value. */
  readonly defaultNote?: string;
  /** What it does. Whole sentences. */
  readonly meaning: string;
  /** What more or less of it costs or risks. Whole sentences. */
  readonly cost?: string;
  /** As written in YAML, for who has no value of his own yet. */
  readonly example?: string | number | boolean | readonly string[] | readonly object[];
  /** Never shown. */
  readonly isSecret?: boolean;
}

type Facts<T> = Omit<Option<T>, 'type' | 'default' | 'defaultNote'>;

function option<T>(
  type: OptionType<T>,
  value: NonNullable<Option<T>['default']>,
  facts: Facts<T>,
): Option<T> {
  return { type, default: value, ...facts };
}

function optional<T>(type: OptionType<T>, defaultNote: string, facts: Facts<T>): Option<T | undefined> {
  return { type, default: undefined, defaultNote, ...facts };
}

/** A key that always has a value, which only the machine it runs on can tell. */
function filledIn<T>(type: OptionType<T>, defaultNote: string, facts: Facts<T>): Option<T> {
  return { type, default: undefined, defaultNote, ...facts };
}

const named = (value: string) => (isMemberName(value) ? value : null);
const label = (value: string) => (isZone(value) ? value : null);
const vhost = (value: string) => (nameProblem('vhost', value) === null ? value : null);
const folder = (value: string) => (value.length > 0 && !value.includes('\0') ? value : null);
const secret = (value: string) =>
  Buffer.byteLength(value.trim()) >= MESH_KEY_BYTES_MIN ? value.trim() : null;

/** Most addresses that a member tells of itself; the others take no more. */
const ADDRESSES_MAX = 16;
/** Most proxies and networks of such. */
const PROXIES_MAX = 256;
/** Most certificates: one is looked for in all of them for each handshake. */
const CERTIFICATES_MAX = 64;
/** Shortest mesh key. */
export const MESH_KEY_BYTES_MIN = 32;
/** Most mesh keys at once: a change takes two. */
const MESH_KEYS_MAX = 4;

const HOST = text('an IP address or a host name', parseHost);
const BOTH_FAMILIES =
  ':: is every address of this machine, IPv4 and IPv6; where it has no IPv6, the same as 0.0.0.0, which is IPv4 alone.';
const NAME = text(
  '1 to 63 letters, digits, dots, hyphens or underscores, the first a letter or digit',
  named,
);
const MESH_KEYS = oneOrMore(
  `at least ${MESH_KEY_BYTES_MIN} bytes (headwater key makes one)`,
  MESH_KEYS_MAX,
  secret,
);
/** Most names and origins of a list: each is looked for with each request. */
const HOSTS_MAX = 64;
const ORIGINS_MAX = 64;
/** Most API tokens of one role at once. */
const API_TOKENS_MAX = 4;
const API_TOKENS = oneOrMore(
  'a text of 16 to 512 characters without blanks and commas',
  API_TOKENS_MAX,
  (value) => (/^[\x21-\x2b\x2d-\x7e]{16,512}$/.test(value) ? value : null),
);
const ORIGINS_OR_ALL = listOf(
  'origins such as https://www.example.com, or *',
  (value) => (value === '*' ? value : parseOrigin(value)),
  ORIGINS_MAX,
);
const PLAY_MODE = choice<PlayMode>('auto', 'redirect', 'relay');
const PUBLISH_POLICY = choice<PublishPolicy>('backup', 'reject', 'takeover');
/** Most workers: more than any machine has cores. */
const WORKERS_MAX = 256;
const WORKERS = wholeNumberOr('auto', 0, WORKERS_MAX);
const MIB = 1024 * 1024;
/** Longer than this, a player's own buffer runs dry between two writes. */
const MERGE_MS_MAX = 1000;

/** Every key there is, in the order people read them. `<app>` stands for the name of an app. */
export const OPTIONS = {
  name: filledIn(NAME, 'the host name', {
    meaning:
      'What people call this member in logs, tables and the API. Names should differ from member to member.',
    example: 'origin-a',
  }),
  role: option(choice<Role>('origin', 'edge'), 'origin', {
    meaning:
      'An origin takes publishers and serves players. An edge owns nothing: it serves players, and forwards publishers to an origin (forward.enabled).',
  }),
  zone: optional(text('1 to 64 characters in one line', label), 'none', {
    meaning:
      'Availability zone, rack or site, shown with each member. Where a stream has several owners, those in the same zone come first. With relay.tree, one member of a zone pulls a stream for the others.',
    example: 'eu-west-1a',
  }),
  dataDir: option(text('a folder', folder), './data', {
    meaning:
      'Folder for the identity key (mode 0600) and the last generation. Relative to the folder the process was started in.',
    cost: 'Less than 8 KB. Lost, the member comes back under a new id. Two members must not share it. Once it has its key a member also starts where the folder is full or read-only, with a warning.',
  }),
  advertise: option(
    listOf(
      'network=host[:rtmpPort[:httpPort[:rtmpsPort[:httpsPort]]]] with a host that clients can reach (not 0.0.0.0)',
      parseAdvertised,
      ADDRESSES_MAX,
    ),
    [],
    {
      meaning:
        'Where clients are told to reach this member, one entry for each network it is known in. A client is told the address in the network whose host name it used to reach us; the first entry serves where none matches. Empty: the address of the first network interface. Ports left out are rtmp.port, http.port, rtmps.port and https.port. Whoever came by TLS is sent to a port for TLS; where there is none, the stream is relayed instead. Where a balancer ends TLS, its ports go here.',
      example: ['inside=origin-a', 'outside=live.example.com:1935:8080'],
    },
  ),
  vhosts: option(listOf('vhost names without blanks and slashes', vhost), [], {
    meaning:
      'Host names whose streams are kept apart. Every other name means the one vhost __defaultVhost__.',
    example: ['cdn.example.com'],
  }),
  workers: option(WORKERS, 1, {
    meaning:
      'How many processes of their own RTMP and HTTP connections are spread over. 1: the mesh is never held up by media. auto: one for each core of the machine. 0: everything in one process. A worker that ends is started again; its streams go on from other owners meanwhile. Workers are nicer by 5 than the main process, which goes first where cores are short. Where that hangs for 10 s they end, so that publishers can go where they are seen.',
    cost: 'Some 60 MB of memory for each worker, and up to 400 bytes for each stream in the whole mesh. A stream played from a worker that has not got its publisher costs one copy between the two; one of another member is pulled once for all workers. They need a folder for unix sockets: the first that can be written of TMPDIR, /tmp, /dev/shm and dataDir.',
  }),
  trustedProxies: option(
    listOf('IP addresses and networks such as 10.0.0.0/8', parseTrustedProxy, PROXIES_MAX),
    [],
    {
      meaning:
        'Balancers and proxies in front of this member whose word about their clients counts, on the RTMP, HTTP and API ports: a PROXY header (version 1 or 2) before everything else, TLS too, and the headers of proxyHeaders in each HTTP request. Limits, logs, the API and redirects then speak of the real client. A proxy that says nothing of a client, as health checks do, counts as itself, and has no limit of its own but limits.connectionsMax.',
      cost: 'Whoever is at such an address can claim to be anybody: name the proxies alone, and see that nobody else can connect from there.',
      example: ['10.0.0.10', '10.1.0.0/24'],
    },
  ),
  proxyHeaders: option(choice<ForwardedHeaders>('x-forwarded', 'forwarded'), 'x-forwarded', {
    meaning:
      'By which headers those proxies tell of their clients. x-forwarded: X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host. forwarded: Forwarded (RFC 7239). The others are not read: a proxy hands on what a client sends of them.',
  }),
  'tls.certificates': option(
    listOf(
      'CERTIFICATE:KEY, the paths of two PEM files, or of one file that holds both',
      parseCertificateFiles,
      CERTIFICATES_MAX,
    ),
    [],
    {
      meaning:
        'Certificates for the TLS ports (rtmps.port, https.port, api.tlsPort), each with those that lead to its authority behind it. The client names a host: the certificate for that very name answers, else one with a wildcard, else the first of the list. The files are looked at every 2 s; where they change, new connections get the new pair, and those that are there stay. A pair that cannot be used leaves the old one in use, and is told in the log. Relative to the folder the process was started in.',
      example: [
        '/etc/headwater/live.example.com.pem:/etc/headwater/live.example.com.key',
        '/etc/headwater/others.pem',
      ],
    },
  ),
  'log.level': option(choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info', {
    meaning:
      'The least severe log lines to write. A warning that repeats is written once, then counted, then written once when it has ended.',
    cost: 'debug writes a few lines per session, and repeated warnings each time; trace some per message, so only for a short while.',
  }),
  'log.format': option(choice('auto', 'json', 'pretty'), 'auto', {
    meaning:
      'json: one object per line, for machines. pretty: for people. auto: pretty on a terminal, else json.',
  }),
  'rtmp.host': option(HOST, '::', { meaning: `Address to listen on for RTMP. ${BOTH_FAMILIES}` }),
  'rtmp.port': option(PORT_OR_OFF, 1935, {
    meaning:
      'Port for RTMP publishers, players, edges and the relay pulls of other members. 0 takes a free one. off: RTMP by TLS alone, which takes relay.tls on every member.',
  }),
  'rtmps.host': option(HOST, '::', { meaning: `Address to listen on for RTMPS. ${BOTH_FAMILIES}` }),
  'rtmps.port': option(PORT_OR_OFF, 'off', {
    meaning:
      'Port for RTMP over TLS (1.2 or later): rtmps://HOST:PORT/APP/STREAM. 443 is what clients take where a URL names none. 0 takes a free one.',
    cost: 'Some CPU for each handshake, and for each byte: see npm run bench -- tls.',
  }),
  'http.host': option(HOST, '::', {
    meaning: `Address to listen on for HTTP-FLV and WebSocket-FLV. ${BOTH_FAMILIES}`,
  }),
  'http.port': option(PORT_OR_OFF, 8080, {
    meaning:
      'Port for HTTP-FLV and WebSocket-FLV: http://HOST:PORT/APP/STREAM.flv. 0 takes a free one. off: by TLS alone.',
  }),
  'https.host': option(HOST, '::', {
    meaning: `Address to listen on for HTTP-FLV and WebSocket-FLV over TLS. ${BOTH_FAMILIES}`,
  }),
  'https.port': option(PORT_OR_OFF, 'off', {
    meaning:
      'Port for HTTP-FLV and WebSocket-FLV over TLS (1.2 or later): https://HOST:PORT/APP/STREAM.flv and wss://. 0 takes a free one.',
  }),
  'api.host': option(HOST, '127.0.0.1', {
    meaning: 'Address to listen on for the HTTP API and the health checks.',
    cost: 'Where it listens on more than loopback, set api.token and api.readToken: without a token whoever reaches it may read.',
  }),
  'api.port': option(PORT_OR_OFF, 1985, {
    meaning: 'Port for the HTTP API. 0 takes a free one. off: by TLS alone.',
  }),
  'api.tlsPort': option(PORT_OR_OFF, 'off', {
    meaning: 'Port for the HTTP API over TLS (1.2 or later), at api.host as well. 0 takes a free one.',
  }),
  'api.token': {
    ...optional(API_TOKENS, 'none', {
      meaning:
        'Whoever sends it (Authorization: Bearer TOKEN) has the role operate: may read, and act through the API: kick clients, end publishes, drain members, change the log level, reload. As soon as a token is set, here or as api.readToken, each request needs one, from this machine as well; only /healthz, /readyz, /api/v1/clusters and the documentation need none. Without any token whoever reaches the API may read, and only requests from this machine itself may act. Of a list, each counts, so that one can be changed for another.',
      cost: 'Better set as HEADWATER_API_TOKEN, HEADWATER_API_TOKEN_FILE or file:/path than written into files. Over a network it can be read, unless api.tlsPort is used.',
      example: 'file:/run/secrets/api-token',
    }),
    isSecret: true,
  },
  'api.readToken': {
    ...optional(API_TOKENS, 'none', {
      meaning: 'Whoever sends it has the role read: may see everything through the API, and change nothing.',
      cost: 'As with api.token. Where api.token is not set, nobody may change anything.',
      example: 'file:/run/secrets/api-read-token',
    }),
    isSecret: true,
  },
  'api.hosts': option(listOf('host names and IP addresses', parseHost, HOSTS_MAX), [], {
    meaning:
      'Names by which the API may be asked without a token, beside loopback, IP addresses, name, and the hosts of advertise. A page of a stranger, whose name was made to lead here (DNS rebinding), has another one, and is refused. Acting without a token takes loopback or one of these, and a request from this machine.',
    example: ['headwater.internal'],
  }),
  'api.cors': option(listOf('origins such as https://console.example.com', parseOrigin, ORIGINS_MAX), [], {
    meaning:
      'Origins whose pages may read what the API answers (CORS), and act where they send a token. Pages of the API itself need no entry.',
    example: ['https://console.example.com'],
  }),
  'metrics.port': optional(LISTEN_PORT, 'none: GET /metrics is on api.port', {
    meaning:
      'Port of its own for GET /metrics, the metrics for Prometheus, so that a scraper need not reach the API. 0 takes a free one.',
    example: 9464,
  }),
  'metrics.host': option(HOST, '127.0.0.1', {
    meaning: 'Address to listen on for it.',
    cost: 'Here metrics ask for no token but metrics.token, and tell the names of members. On api.port they need the role read where a token is set.',
  }),
  'metrics.tls': option(FLAG, false, {
    meaning:
      'Whether metrics.port is asked by TLS (1.2 or later), with tls.certificates, instead of in the clear.',
  }),
  'metrics.token': {
    ...optional(API_TOKENS, 'none', {
      meaning:
        'What a scraper has to send to metrics.port (Authorization: Bearer TOKEN). Of a list, each counts, so that one can be changed for another. On api.port the tokens of the API count instead.',
      cost: 'Without one, whoever reaches the port may read it, a page that somebody has open included. Without metrics.tls it can be read on the way.',
      example: 'file:/run/secrets/metrics-token',
    }),
    isSecret: true,
  },
  'metrics.streamsMax': option(wholeNumber(0, 100_000), 0, {
    meaning:
      'How many streams have metrics of their own (players, bytes received and sent, by vhost, app and stream): the first ones in the order of their names. 0: none.',
    cost: 'Three series each, on every member that has the stream; 1,000 of them make an answer of 0.5 MB.',
  }),
  'metrics.srsNames': option(FLAG, false, {
    meaning:
      "Whether the names of SRS's exporter (srs_clients, srs_streams, ...) are there as well, so that dashboards made for it go on.",
  }),
  'mesh.host': option(HOST, '::', {
    meaning: `Address to listen on for the other members. ${BOTH_FAMILIES}`,
    cost: 'On loopback (127.0.0.1) the mesh needs no key, and nobody but this machine can join.',
  }),
  'mesh.port': option(LISTEN_PORT, 7946, {
    meaning: 'Port for the other members (TCP). 0 takes a free one.',
  }),
  'mesh.advertise': optional(
    text('host or host:port that the other members can reach (not 0.0.0.0)', parseMeshAdvertise),
    'found from mesh.host and the network interfaces',
    {
      meaning: 'Where the other members reach this one, if it sits behind NAT or port mapping.',
      example: 'origin-a.example.com:7946',
    },
  ),
  'mesh.seeds': option(
    listOf('host:port, such as origin-a:7946', (entry) => (parseHostPort(entry) === null ? null : entry)),
    [],
    {
      meaning:
        'Where to find the mesh. Any one that lives is enough, and they may start last. A member finds itself among them and ignores that, so the same list serves everywhere. Names are looked up in the hosts file and then in DNS (with its search list), again on each try; all addresses of a name count, and while DNS fails, its last good ones. Empty: this member is alone until others find it.',
      example: ['origin-a:7946', 'origin-b:7946'],
    },
  ),
  'mesh.key': {
    ...optional(MESH_KEYS, 'none', {
      meaning:
        'Shared secret of the mesh: who does not hold it is refused in the handshake. May be absent only where mesh.host is loopback. headwater key makes one. Of a list, the first is used to dial, and each is accepted. So a key is changed while members run: give all of them [old, new] and reload them, then [new, old], then [new]; connections stay.',
      cost: 'Better set as HEADWATER_MESH_KEY, HEADWATER_MESH_KEY_FILE or file:/path than written into files or command lines, where a comma stands between two keys. While a key is held, whoever has it gets in. A dial to a member that lacks the first key takes one more round trip.',
    }),
    isSecret: true,
  },
  'mesh.heartbeatMs': option(milliseconds(50, 60_000), 800, {
    meaning: 'Time between two heartbeats to each member. They are judged each 200 ms.',
    cost: 'Bytes and CPU grow with 1 / heartbeatMs, and with the number of members. More than half of suspectAfterMs makes members suspect without cause.',
  }),
  'mesh.suspectAfterMs': option(milliseconds(100, 600_000), 1800, {
    meaning: 'Silence after which a member is suspect: plays go to its streams only if nobody else has them.',
    cost: 'Less finds hung members sooner, but takes a longer stall for a death. At least two heartbeats.',
  }),
  'mesh.deadAfterMs': option(milliseconds(100, 600_000), 900, {
    meaning:
      'Further silence after which a suspect is dead and owns nothing. A closed connection is found at once.',
    cost: 'A hung member is gone after suspectAfterMs + deadAfterMs; a member that stalls for longer is dropped.',
  }),
  'mesh.batchMs': option(milliseconds(0, 1000), 3, {
    meaning:
      'How long claims are gathered before they are sent as one message, after one that went out at once. Where many members claim at the same time each gathers for longer by itself, up to 500 ms, so that all together send some 60 messages a second.',
    cost: 'Delays news by as much; less sends more messages, each 0.2 to 1.5 ms of CPU at every member.',
  }),
  'play.mode': option(PLAY_MODE, 'auto', {
    meaning:
      'What a player gets whose stream is on another member. auto: redirect those that are known to follow one (SRS edges, HTTP-FLV players), relay for all others. redirect, relay: always that.',
    cost: 'A relay costs one pull per stream and member, and its players here; a redirect costs nothing, but ffmpeg, OBS and VLC do not follow RTMP redirects.',
  }),
  'play.order': option(choice<OwnerPolicy>('primary', 'spread'), 'primary', {
    meaning:
      'Which owner comes first where a stream has several. primary: the oldest claim. spread: the least loaded member, by the power of two of what it sends. With either, owners in the same zone as this member come before others, where zones are set; owners without media at the moment come last. Must be the same on every member.',
    cost: 'spread tells a change of level to every member, at most each 5 s, and moves new plays when it changes; those that play already stay.',
  }),
  'play.waitMs': option(milliseconds(0, 86_400_000), 60_000, {
    meaning:
      'How long a player waits for a stream that nobody publishes, before it is told that there is none.',
    cost: 'One idle connection for each waiting player.',
  }),
  'play.mergeMs': option(milliseconds(0, MERGE_MS_MAX), 30, {
    meaning:
      'How long media is gathered for one write to each player. 0 writes each packet at once. Pulls of other members never wait.',
    cost: 'Delays players by as much. CPU is one write per player and window: 350 ms costs about a third of 30 ms, 0 about twice of it.',
  }),
  'play.queueBytesMax': option(bytes(65_536, 1024 * MIB), 8 * MIB, {
    meaning:
      'By how many bytes the queue towards one player may grow; over it, frames are dropped up to the next keyframe. What a player is given at once when it joins, or when its stream goes on from another source, does not count.',
    cost: 'Memory, for each stream with slow players: they share what waits.',
  }),
  'play.queueMs': option(milliseconds(500, 600_000), 10_000, {
    meaning:
      'How long media may wait in the queue towards one player, beyond how long it did at best; over it, frames are dropped up to the next keyframe.',
    cost: 'A slow player is behind by as much.',
  }),
  'play.stuckMs': option(milliseconds(500, 600_000), 10_000, {
    meaning: 'How long a player may take nothing at all before it is disconnected.',
  }),
  'play.gopCacheBytesMax': option(bytes(0, 1024 * MIB), 16 * MIB, {
    meaning:
      'Most bytes kept of one stream since its last keyframe, so that new players see a picture at once. A longer GOP is not kept. 0 keeps none.',
    cost: 'Memory, for each stream published or relayed here, and as much again for each protocol (RTMP, HTTP-FLV, WebSocket-FLV) beyond the first that somebody plays it by.',
  }),
  'play.cors': option(ORIGINS_OR_ALL, ['*'], {
    meaning:
      'Origins whose pages may play by HTTP-FLV (CORS). *: all. WebSockets know no CORS: play.auth says who may play.',
    example: ['https://www.example.com'],
  }),
  'play.auth': {
    ...option(AUTH_RULES, [], {
      meaning:
        'Who may play: rules as in publish.auth. Empty: everybody. The member that serves a player judges it, so one that is redirected is judged again there, and hooks are asked there alone. Pulls of members that prove themselves by the mesh key are no plays.',
      cost: 'A player waits for a hook as long as that takes.',
      example: [
        { allow: ['127.0.0.1', '::1', '10.0.0.0/8'] },
        { token: { keys: ['file:/run/secrets/play-key', 'env:OLD_PLAY_KEY'] } },
        { jwt: { jwks: 'https://id.example.com/.well-known/jwks.json', audience: 'headwater' } },
      ],
    }),
    isSecret: true,
  },
  'publish.idleMs': option(milliseconds(500, 3_600_000), 15_000, {
    meaning:
      'A publisher that sends no media for this long is closed, and its claim ends. Headers and data are no media.',
  }),
  'publish.origins': option(ORIGINS_OR_ALL, [], {
    meaning:
      'Origins whose pages may publish from a browser, by HTTP or WebSocket, beside pages that come from this member itself. *: all. Encoders send no Origin header, and are not concerned.',
    cost: 'A page that somebody has open can publish wherever his browser reaches, so also past a rule that allows his address.',
    example: ['https://studio.example.com'],
  }),
  'publish.auth': {
    ...option(AUTH_RULES, [], {
      meaning:
        'Who may publish. Empty: everybody. Rules are tried in order, and the first that allows or denies is the last; where none does, it is refused. allow and deny: addresses, networks, or all. token: signed URLs (headwater sign makes them). jwt: JSON Web Tokens. hook: an HTTP service is asked, in the format of SRS or of nginx-rtmp. required: true makes a rule one that has to hold, and those after it decide. Keys and secrets may be file:/path or env:NAME. docs/auth.md has every key of each.',
      cost: 'A publisher waits for a hook as long as that takes; who asks too often and is refused is slowed down (limits.refusalsPerAddressPerMinute).',
      example: [
        { deny: ['203.0.113.0/24'] },
        { token: { keys: ['file:/run/secrets/publish-key'] } },
        {
          hook: {
            on_publish: ['http://127.0.0.1:8085/publish'],
            on_unpublish: ['http://127.0.0.1:8085/unpublish'],
            timeoutMs: 5000,
            onFailure: 'refuse',
          },
        },
      ],
    }),
    isSecret: true,
  },
  'publish.policy': option(PUBLISH_POLICY, 'backup', {
    meaning:
      'Who may publish a stream that is published already. backup: one publisher on each origin, for hot backup. reject: nobody, while the other origin is alive. takeover: the newest; the older one is told and closed, on the same origin as well. Must be the same on every member.',
    cost: 'takeover: two encoders that both reconnect by themselves close each other, up to 3 times within a minute; then the one who has the stream keeps it while the other goes on trying. With several workers it may be 3 times for each of them.',
  }),
  'relay.advertise': option(
    listOf(
      '[network=]host[:port[:rtmpsPort]] with a host that the other members can reach (not 0.0.0.0)',
      parseRelayAdvertised,
      ADDRESSES_MAX,
    ),
    [],
    {
      meaning:
        'Where the other members pull streams from by RTMP, if that is neither where the mesh reaches this one nor what clients are told: behind port mapping, or in a network of their own. One entry for each network; a member pulls from the one whose host, or whose network in advertise, is that by which it reaches this member in the mesh, else from the first. Ports left out are rtmp.port and rtmps.port. Empty: the hosts by which the mesh reaches this member, each with the RTMP port that advertise has for it, else with rtmp.port. headwater members shows what each member is pulled from.',
      example: ['inside=10.0.0.5', 'outside=203.0.113.5:1936'],
    },
  ),
  'relay.tls': option(FLAG, false, {
    meaning:
      'Relays between members go by TLS. Other members pull from rtmps.port here, and this one pulls by TLS from each that has relay.tls as well. A member is known by a key of its own, whose SHA-256 the mesh tells: no certificate is needed for it, and no authority is asked. Set it on every member, one after the other: a member that has not set it yet is pulled from without TLS.',
    cost: 'CPU for each byte, on both ends. A balancer that ends TLS cannot stand between members: relay.advertise then names a way past it.',
  }),
  'relay.tree': option(FLAG, false, {
    meaning:
      'Relays may pull from a relay of their own zone, so that an owner sends each stream once to every zone, and in its own zone to a few members, however many play it. The members of a zone choose without a word who pulls a stream for all of them; one that is full or drains is passed over. Where that one dies they go on from the next with the very next frame; where it refuses, or does not answer within 1,400 ms, from the owner itself. Members without a zone are one zone. Set it on every member.',
    cost: 'One hop more for the other members, some ten milliseconds; and a member may send a stream to up to 15 others, also one that nobody plays there. Not for zones whose members do not reach each other by RTMP.',
  }),
  'relay.lingerMs': option(milliseconds(0, 3_600_000), 5000, {
    meaning: 'How long a pull goes on after its last player left, so that the next one starts at once.',
    cost: 'The bit rate of the stream between two members for as long.',
  }),
  'relay.stallMs': option(milliseconds(100, 60_000), 1500, {
    meaning:
      'No media for this long means that a source is silent: the stream switches to another owner that flows. A stream whose frames come often is taken for silent sooner: after three frame intervals, at least 500 ms. One that comes in bursts, as from segments of a playlist, is given its usual pause and half as long again, once that came twice.',
    cost: 'Less finds a hung owner sooner, but below 500 ms a stream with few frames is taken for a stuck one.',
  }),
  'relay.connectMs': option(milliseconds(100, 60_000), 3000, {
    meaning:
      'Deadline for connect, handshake and the answer to play, together, of one pull. Where there is no answer after a sixth of it, another owner that flows is asked as well: players get what comes first, and the other pull is closed.',
  }),
  'relay.retryMs': option(milliseconds(50, 60_000), 500, {
    meaning: 'Wait before the next try after all owners failed.',
  }),
  'relay.lagMs': option(milliseconds(0, 10_000), 1000, {
    meaning:
      'How far the other copy of the same encode may be behind what was played, to be waited for when the stream has to go on from it: players then miss nothing and see nothing twice.',
    cost: 'Players wait for as long. A copy that is further behind is not waited for: the other owners are asked for the very next frame, for 300 ms, then the stream goes on from its newest keyframe, and some frames come again. A source that comes back after a silence and sends first what it held back, faster than time passes, is waited for as long as this at most.',
  }),
  'relay.replayMs': option(milliseconds(0, 60_000), 5000, {
    meaning:
      'How much of each stream an owner keeps, beside the last GOP, for relays that lost another owner: where both have the same encode, the relay finds its place in it and goes on with the very next frame. 0 keeps none; relays then go on from a keyframe.',
    cost: 'Memory: that much of the bit rate for each stream published or relayed here. It must be longer than relay.stallMs, or a hung owner is noticed too late.',
  }),
  'relay.replayBytesMax': option(bytes(0, 1024 * MIB), 4 * MIB, {
    meaning: 'Most bytes kept for relay.replayMs, for each stream. The oldest frames go first.',
    cost: 'Memory.',
  }),
  'forward.enabled': option(FLAG, true, {
    meaning:
      'Whether an edge takes publishers. It judges the rules (publish.auth), forwards each by RTMP to an origin with room, in its own zone where there is one there, the least loaded first, and answers what that one answered. Where the origin ends, hangs or drains, it moves the publish to another one, and viewers miss nothing. false: publishers are refused.',
    cost: 'Each publish costs its bit rate once more, from the edge to the origin.',
  }),
  'forward.keepMs': option(milliseconds(0, 60_000), 5000, {
    meaning:
      'How much of each forwarded publish is kept, in whole groups of pictures: the next origin is given it, so that nothing is lost that the one before had taken and nobody had seen. Longer than it takes to notice an origin that hangs (forward.stallMs).',
    cost: 'Memory: that much of the bit rate, and one group of pictures more, for each forwarded publish.',
  }),
  'forward.keepBytesMax': option(bytes(65_536, 1024 * MIB), 16 * MIB, {
    meaning:
      'Most bytes kept for forward.keepMs, for each publish; the oldest groups of pictures go first. An origin for which twice as much waits is left for another one.',
    cost: 'Memory: three times as much for each publish whose origin takes too little.',
  }),
  'forward.stallMs': option(milliseconds(500, 60_000), 1500, {
    meaning:
      'How long an origin may give no sign of life (the answer to an RTMP ping) before the publish is moved to another one.',
    cost: 'Less finds a hung origin sooner, and takes a busy one for hung.',
  }),
  'forward.lostMs': option(milliseconds(0, 600_000), 10_000, {
    meaning:
      'How long a publisher stays connected while no origin has its stream. After that it is closed, so that its encoder sees that nothing goes out.',
  }),
  'drain.deadlineMs': option(milliseconds(0, 3_600_000), 5000, {
    meaning:
      'How long a member that is asked to end by SIGTERM lets others take over: relays elsewhere move to another owner, its publishers are closed so that they connect elsewhere, its players are served until they leave. 0: it ends at once, as by Ctrl-C. A second signal ends it at once, too.',
    cost: 'A stop takes as long where players stay. Keep it below what your supervisor allows: docker 10 s, Kubernetes 30 s.',
  }),
  'drain.listener': option(choice('refuse', 'close'), 'refuse', {
    meaning:
      'What becomes of the RTMP and RTMPS ports while this member drains. refuse: they stay open; publishers that come are told to publish elsewhere, plays are served or sent on. close: they are closed for new connections, so that a plain TCP balancer has its connect fail and tries another member at once. Connections that there are stay, and so do the HTTP ports and the API; a cancelled drain opens them again.',
    cost: 'close: nobody new plays from here by RTMP, and no member begins to pull a stream that only this one has.',
  }),
  'drain.forwardPublishers': option(FLAG, false, {
    meaning:
      'While an origin drains, whether it forwards publishers to another origin, as an edge does: those that come rather than be refused, and those that are here rather than be closed. Viewers elsewhere see nothing of it. What is forwarded goes on until the publisher leaves, the deadline comes or the process ends; an encoder that is to stay should reconnect before that.',
    cost: 'A stop takes until drain.deadlineMs where publishers stay.',
  }),
  'limits.connectionsMax': option(wholeNumber(1, 1_000_000), 20_000, {
    meaning:
      'Most connections on the RTMP and HTTP ports together. Once they are used up this member is full: other members send no plays here while any has room, and plays that come here are sent to one that has. A twentieth more, at least 4, are let in for that, and for pulls of other members.',
    cost: 'Each takes a file descriptor: raise ulimit -n (Docker: ulimits) as well.',
  }),
  'limits.connectionsPerAddressMax': option(wholeNumber(1, 1_000_000), 5000, {
    meaning:
      'Most connections from one client address. Behind NAT, or a balancer that trustedProxies does not name, all clients share one. IPv6 addresses count by their /64. Pulls of members that the mesh knows at that address do not count. All workers count together, but for clients that trustedProxies name: each worker counts those by itself, so there may be up to as many times more as there are workers.',
  }),
  'limits.publishesPerAddressPerMinute': option(wholeNumber(1, 1_000_000), 6000, {
    meaning:
      'How often one client address may publish within a minute, at any pace; IPv6 addresses count by their /64. Who goes over it is refused with words (HTTP 429) until time has brought some back. An end cannot be refused, so this bounds those as well. Each worker counts by itself, so an address may have up to as many times more as there are workers.',
    cost: 'Each publish and its end is told to every member. Behind NAT, or a balancer that trustedProxies does not name, all publishers share one address, and come all at once after an origin died.',
  }),
  'limits.refusalsPerAddressPerMinute': option(wholeNumber(1, 1_000_000), 60, {
    meaning:
      'How often one client address may be refused by publish.auth and play.auth within a minute before its refusals are held back for a second each; IPv6 addresses count by their /64. While 16 of them are held back, who comes from there is refused unjudged (HTTP 429). Each worker counts by itself, so an address may have up to as many times more as there are workers.',
    cost: 'Behind a balancer or NAT all clients share one address: one that keeps on trying with a wrong token costs the others some refusals.',
  }),
  'limits.outboundKbpsMax': option(wholeNumber(0, 1_000_000_000), 0, {
    meaning:
      'What this member may send to all players and other members together, kbit/s, measured each second. Once it is reached this member is full, as by limits.connectionsMax: plays go to members that have room, and are refused where nobody has. Those that are served go on. 0: no limit.',
    cost: 'Set to less than the network can carry, players are sent away too soon; set to more, all of them stutter.',
  }),
  'limits.workerMemoryMax': option(bytes(0, 1024 * 1024 * MIB), 0, {
    meaning:
      'Resident memory from which a media worker is replaced: another one takes what comes, its publishers are closed so that they connect again, its players are served for up to drain.deadlineMs. 0: no limit. Only where there are workers.',
    cost: 'Set to less than what publishers and players need, workers are replaced again and again.',
  }),
  'limits.handshakeMs': option(milliseconds(100, 600_000), 10_000, {
    meaning: 'Deadline from connect to an accepted publish or play.',
  }),
  'limits.messageBytesMax': option(bytes(65_536, 16_777_215), 8 * MIB, {
    meaning: 'Largest RTMP message or FLV tag that is taken. The protocol itself ends at 16777215.',
    cost: 'Memory that one connection can make us use, for each of its chunk streams.',
  }),
  'limits.chunkStreamsMax': option(wholeNumber(8, 65_599), 64, {
    meaning: 'Most RTMP chunk streams that one connection may use. Encoders use fewer than ten.',
  }),
  'apps.<app>.play.mode': optional(PLAY_MODE, 'play.mode', {
    meaning: 'Overrides play.mode for one app.',
    example: 'relay',
  }),
  'apps.<app>.play.mergeMs': optional(milliseconds(0, MERGE_MS_MAX), 'play.mergeMs', {
    meaning: 'Overrides play.mergeMs for one app.',
    example: 350,
  }),
  'apps.<app>.play.auth': {
    ...optional(AUTH_RULES, 'play.auth', {
      meaning: 'Takes the place of play.auth for one app, and for apps below it (live/room).',
      example: [{ allow: 'all' }],
    }),
    isSecret: true,
  },
  'apps.<app>.publish.policy': optional(PUBLISH_POLICY, 'publish.policy', {
    meaning: 'Overrides publish.policy for one app.',
    example: 'reject',
  }),
  'apps.<app>.publish.auth': {
    ...optional(AUTH_RULES, 'publish.auth', {
      meaning: 'Takes the place of publish.auth for one app, and for apps below it (live/room).',
      example: [{ token: { keys: ['file:/run/secrets/live-key'] } }],
    }),
    isSecret: true,
  },
} as const satisfies Record<string, Option<unknown>>;
