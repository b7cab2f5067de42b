import type { CertificateError, ListenError, MediaListenerName } from '@headwater/media';
import type { MeshError } from '@headwater/mesh';
import { environmentName } from './config/environment-name.js';

/**
 * Every expected failure: a code that never changes, and what to do about it. The HTTP status of those that the API
 * answers is chosen in `api/`, the exit status in `cli/`.
 */
export const ERRORS = {
  USAGE: 'Run headwater --help for the commands, headwater COMMAND --help for one of them.',
  CONFIG_UNREADABLE: 'Give --config the path of a YAML file that this user may read.',
  CONFIG_INVALID: 'Mend what is listed, then try with: headwater config check FILE',
  MESH_KEY_MISSING:
    'Run headwater key once and give every member the same key. For one machine alone, set mesh.host to 127.0.0.1 instead.',
  MESH_KEY_SHORT:
    'Run headwater key once and give every member what it prints, as HEADWATER_MESH_KEY or mesh.key.',
  SEED_INVALID: 'Write each entry of mesh.seeds as host:port, such as origin-a:7946.',
  IDENTITY_UNUSABLE:
    'Point dataDir to a folder that this user may write and that no other member uses. Removing the files in it gives the member a new identity.',
  WORKERS_UNUSABLE:
    'Make the folder for temporary files (TMPDIR) writable and leave memory for the processes, or set workers to 0: everything runs in one process then.',
  FILES_TOO_FEW:
    'Raise the limit of open files (LimitNOFILE of systemd, ulimits of Docker, ulimit -n of a shell) above limits.connectionsMax plus a tenth.',
  OUTPUT_FAILED: 'Make room where the output goes, or send it elsewhere.',
  CERTIFICATE_UNUSABLE:
    'Mend what is named in tls.certificates, then try with: headwater config check FILE. openssl x509 -in FILE -noout -text shows what is in a certificate.',
  PORT_TAKEN: 'Stop the program that has the port, or choose another.',
  PORT_FORBIDDEN:
    'Ports below 1024 need a privilege: choose a higher port, or allow this one (CAP_NET_BIND_SERVICE).',
  ADDRESS_UNAVAILABLE: 'Choose an address of this machine, or :: for all of them.',
  LISTEN_FAILED: 'Choose another address or port.',
  API_UNREACHABLE:
    'Start an origin (headwater origin), or name the API of a running one with --api URL or HEADWATER_API. The API listens on loopback unless api.host says otherwise.',
  API_REFUSED: 'The message above is the answer of the API.',
  API_ANSWER_UNKNOWN:
    'Check that --api or HEADWATER_API names the API port (1985 by default) of a headwater member.',
  NOT_READY: 'Wait until the member has joined and has the whole directory; its log says what holds it up.',
  STREAM_NAME_INVALID: 'Write a stream as APP/STREAM, such as live/s1, without blanks, ?, # or \\.',
  QUERY_INVALID: 'GET /api/docs says what a query may hold, headwater COMMAND --help what a command takes.',
  NOT_FOUND: 'See GET /api/v1 for what there is.',
  BODY_INVALID: 'See GET /api/docs for what the body may hold.',
  BODY_TOO_LARGE: 'See GET /api/docs for what the body may hold.',
  REQUEST_UNREADABLE:
    'Send HTTP/1.1, without what is not ASCII, and with less than 16 KB of headers; api.tlsPort is for https.',
  CONTENT_TYPE_INVALID: 'Send JSON with Content-Type: application/json, also where the body is empty.',
  TOKEN_INVALID:
    'Send a value of api.token or api.readToken of the member that is asked: Authorization: Bearer TOKEN.',
  TOKEN_MISSING:
    'Send a value of api.token or api.readToken of the member that is asked: Authorization: Bearer TOKEN. The command headwater takes it from HEADWATER_API_TOKEN or --token-file.',
  HOST_UNKNOWN: 'Ask by an IP address, or add the name to api.hosts.',
  ROLE_MISSING:
    'Send a value of api.token: Authorization: Bearer TOKEN. Where the member has no token at all, ask from its own machine, by a loopback address.',
  ORIGIN_FOREIGN:
    'Use a page of this API itself, one of an origin in api.cors, or a tool that sends no Origin header.',
  MEMBER_UNKNOWN: 'headwater members and GET /api/v1/members have the names and ids of members.',
  CLIENT_UNKNOWN:
    'headwater clients and GET /api/v1/clients have the ids: it may have left, or its member did not answer.',
  PUBLISH_UNKNOWN: 'headwater streams and GET /api/v1/streams/{app}/{stream} have the owners of a stream.',
  DRAIN_STATE:
    'headwater members and GET /api/v1/members show who is draining. A member whose process ends goes on to the end.',
  NOT_IMPLEMENTED: 'Update the member, or restart it to change its configuration.',
  MEMBER_SILENT:
    'Ask again, or ask the API of that member itself; headwater members and GET /api/v1/members show how it is.',
  API_BUSY: 'Ask again in some seconds, or ask another member.',
  DEMO_FAILED: 'See the lines above; headwater demo --help shows what can be changed.',
  INTERNAL:
    'This is a bug in headwater. Please report it with what was printed or logged, and the output of headwater --version.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERRORS;

export interface HeadwaterErrorOptions extends ErrorOptions {
  /** What to do next, where this case is more precise than the catalogue. */
  readonly hint?: string;
  /** Lines to show below the message, such as each problem of a config file. */
  readonly details?: readonly string[];
}

/** An expected failure: what happened, and what to do next. */
export class HeadwaterError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: readonly string[];

  constructor(code: ErrorCode, message: string, options: HeadwaterErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'HeadwaterError';
    this.code = code;
    this.hint = options.hint ?? ERRORS[code];
    this.details = options.details ?? [];
  }
}

export type Listener = MediaListenerName | 'api' | 'apiTls' | 'mesh';
export interface ListenAddress {
  readonly host: string;
  /** Null: it is off. */
  readonly port: number | null;
}

/** What a listener's system error (`EADDRINUSE` and so on) means, with the keys that change its address. */
export function listenFailure(
  what: Listener | 'metrics',
  at: ListenAddress,
  systemCode: string,
  cause?: unknown,
): HeadwaterError {
  const address = `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
  const [code, message] = LISTEN_FAILURES[systemCode] ?? [
    'LISTEN_FAILED',
    `cannot listen there (${systemCode})`,
  ];
  const key =
    what === 'apiTls'
      ? KEYS_OF_API_TLS[code === 'ADDRESS_UNAVAILABLE' ? 'host' : 'port']
      : code === 'ADDRESS_UNAVAILABLE'
        ? `${what}.host`
        : `${what}.port`;
  return new HeadwaterError(code, `${what} cannot listen on ${address}: ${message}`, {
    hint: `${ERRORS[code]} The key is ${key}: in the config file, as ${environmentName(key)}=..., or with --set ${key}=...`,
    cause,
  });
}

const KEYS_OF_API_TLS = { host: 'api.host', port: 'api.tlsPort' } as const;

const LISTEN_FAILURES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EADDRINUSE: ['PORT_TAKEN', 'another program has this port'],
  EACCES: ['PORT_FORBIDDEN', 'this user may not open this port'],
  EADDRNOTAVAIL: ['ADDRESS_UNAVAILABLE', 'this machine has no such address'],
  ENOTFOUND: ['ADDRESS_UNAVAILABLE', 'this host name is not known'],
};

const MESH_FAILURES = {
  identity: 'IDENTITY_UNUSABLE',
  'key-missing': 'MESH_KEY_MISSING',
  'key-short': 'MESH_KEY_SHORT',
  'keys-many': 'CONFIG_INVALID',
  'seed-invalid': 'SEED_INVALID',
} as const satisfies Record<Exclude<MeshError['code'], 'listen'>, ErrorCode>;

const MAKE_ROOM =
  'Make room on the disk that holds dataDir, then start again. Keep the files in it: they are who this member is.';
const MOUNT_DEAD =
  'Look at the mount that holds dataDir: it does not work. Nothing in dataDir needs to be removed.';

/** Where the disk is to blame, and removing the files would only lose who the member is. */
const DISK_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: MAKE_ROOM,
  EDQUOT: MAKE_ROOM,
  EROFS: 'Mount the disk that holds dataDir writable for the first start, or point dataDir to one that is.',
  ENOENT: MOUNT_DEAD,
  EIO: MOUNT_DEAD,
  ESTALE: MOUNT_DEAD,
  ENOTCONN: MOUNT_DEAD,
  ENODEV: MOUNT_DEAD,
  ETIMEDOUT: MOUNT_DEAD,
  ENOTDIR: 'Point dataDir to a folder: a file has that name.',
  EEXIST: 'Point dataDir to a folder: something else has that name, such as a link to nothing.',
};

/**
 * What a failed start means for people; null where it is no expected failure. `listeners` says where each one was to
 * listen. The errors are told by name, so that this file loads neither libp2p nor the media plane.
 */
export function expectedFailure(
  error: unknown,
  listeners: Readonly<Record<'mesh' | 'api', ListenAddress>>,
): HeadwaterError | null {
  if (error instanceof HeadwaterError) return error;
  if (error instanceof Error && isOutOfFiles(error))
    return new HeadwaterError('FILES_TOO_FEW', `no more files may be opened: ${error.message}`, {
      cause: error,
    });
  if (isNamed<ListenError>(error, 'ListenError'))
    return listenFailure(error.what, error, error.systemCode, error);
  if (isNamed<CertificateError>(error, 'CertificateError'))
    return new HeadwaterError('CERTIFICATE_UNUSABLE', error.message, { cause: error });
  if (isNamed<MeshError>(error, 'MeshError')) {
    if (error.code === 'listen') return listenFailure('mesh', listeners.mesh, systemCodeOf(error), error);
    const hint = error.code === 'identity' ? DISK_HINTS[systemCodeOf(error)] : undefined;
    return new HeadwaterError(MESH_FAILURES[error.code], error.message, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  // What is left with a system code and a port is the API's own listener (node:net's error has both).
  if (isSystemError(error) && error.syscall === 'listen' && error.port !== undefined)
    return listenFailure(
      error.port === listeners.api.port ? 'api' : 'apiTls',
      { host: listeners.api.host, port: error.port },
      error.code,
      error,
    );
  return null;
}

/** The process, or the whole machine, may open no more files; whatever was tried with the next one. */
function isOutOfFiles(error: Error): boolean {
  const code = isSystemError(error) && /^E[A-Z]+$/.test(error.code) ? error.code : systemCodeOf(error);
  return code === 'EMFILE' || code === 'ENFILE';
}

function isNamed<T extends Error>(error: unknown, name: T['name']): error is T {
  return error instanceof Error && error.name === name;
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall?: string;
  readonly port?: number;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

/** The first system code in the chain of causes; libraries wrap it in errors, and several errors in one. */
function systemCodeOf(error: Error, depth = 0): string {
  for (const inner of [error.cause, ...(error.cause instanceof AggregateError ? error.cause.errors : [])]) {
    if (isSystemError(inner) && /^E[A-Z]+$/.test(inner.code)) return inner.code;
    if (inner instanceof Error && depth < 4) {
      const code = systemCodeOf(inner, depth + 1);
      if (code !== UNKNOWN_CODE) return code;
    }
  }
  return /\bE[A-Z]{4,}\b/.exec(error.message)?.[0] ?? UNKNOWN_CODE;
}

const UNKNOWN_CODE = 'unknown reason';
