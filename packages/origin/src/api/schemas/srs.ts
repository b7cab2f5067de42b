import * as v from 'valibot';
import { FLAG, NUMBER, queryNumber, queryWord, said, TEXT } from './parts.js';

/**
 * What SRS 4 to 7 answer over HTTP (SRS's srs_app_http_api.cpp and srs_app_statistic.cpp): names, types and misspellings are
 * theirs.
 */
const ENVELOPE = {
  code: said(NUMBER, '0, or SRS’s number of an error, with status 200 all the same.'),
  server: said(TEXT, 'Stands for this member, the same at each start.'),
  service: said(TEXT, 'Stands for this start of it.'),
  pid: TEXT,
};
/** Absent with an error. */
const found = <const S extends v.GenericSchema>(schema: S) =>
  v.exactOptional(said(schema, 'Absent where `code` is not 0.'));

const KBPS = v.object({ recv_30s: NUMBER, send_30s: NUMBER });

export const SRS_VERSIONS = v.object({
  ...ENVELOPE,
  data: v.object({ major: NUMBER, minor: NUMBER, revision: NUMBER, version: TEXT }),
});

const SELF = v.object({
  version: TEXT,
  pid: NUMBER,
  ppid: NUMBER,
  argv: TEXT,
  cwd: TEXT,
  mem_kbyte: NUMBER,
  mem_percent: NUMBER,
  cpu_percent: NUMBER,
  srs_uptime: said(NUMBER, 'Seconds.'),
});
const SYSTEM = v.object({
  cpu_percent: NUMBER,
  disk_read_KBps: NUMBER,
  disk_write_KBps: NUMBER,
  disk_busy_percent: NUMBER,
  mem_ram_kbyte: NUMBER,
  mem_ram_percent: NUMBER,
  mem_swap_kbyte: NUMBER,
  mem_swap_percent: NUMBER,
  cpus: NUMBER,
  cpus_online: NUMBER,
  uptime: said(NUMBER, 'Seconds.'),
  ilde_time: said(NUMBER, 'Sic: SRS writes it so.'),
  load_1m: NUMBER,
  load_5m: NUMBER,
  load_15m: NUMBER,
  net_sample_time: NUMBER,
  net_recv_bytes: NUMBER,
  net_send_bytes: NUMBER,
  net_recvi_bytes: NUMBER,
  net_sendi_bytes: NUMBER,
  srs_sample_time: said(NUMBER, 'Unix ms.'),
  srs_recv_bytes: NUMBER,
  srs_send_bytes: NUMBER,
  conn_sys: NUMBER,
  conn_sys_et: NUMBER,
  conn_sys_tw: NUMBER,
  conn_sys_udp: NUMBER,
  conn_srs: NUMBER,
});
export const SRS_SUMMARIES = v.object({
  ...ENVELOPE,
  data: v.object({ ok: FLAG, now_ms: NUMBER, self: SELF, system: SYSTEM }),
});

const VHOST = v.object({
  id: TEXT,
  name: TEXT,
  enabled: FLAG,
  clients: NUMBER,
  streams: NUMBER,
  send_bytes: NUMBER,
  recv_bytes: NUMBER,
  kbps: KBPS,
  hls: v.object({ enabled: FLAG }),
});
export const SRS_VHOSTS = v.object({ ...ENVELOPE, vhosts: v.array(VHOST) });
export const SRS_VHOST = v.object({ ...ENVELOPE, vhost: found(VHOST) });

const STREAM = v.object({
  id: TEXT,
  name: TEXT,
  vhost: said(TEXT, 'Its id.'),
  app: TEXT,
  tcUrl: TEXT,
  url: TEXT,
  live_ms: NUMBER,
  clients: said(NUMBER, 'Its publisher and players.'),
  frames: NUMBER,
  send_bytes: NUMBER,
  recv_bytes: NUMBER,
  kbps: KBPS,
  publish: v.object({ active: FLAG, cid: v.exactOptional(said(TEXT, 'The publisher’s id.')) }),
  video: v.nullable(v.object({ codec: TEXT, profile: TEXT, level: TEXT, width: NUMBER, height: NUMBER })),
  audio: v.nullable(v.object({ codec: TEXT, sample_rate: NUMBER, channel: NUMBER, profile: TEXT })),
});
export const SRS_STREAMS = v.object({ ...ENVELOPE, streams: v.array(STREAM) });
export const SRS_STREAM = v.object({ ...ENVELOPE, stream: found(STREAM) });

const CLIENT = v.object({
  id: TEXT,
  vhost: said(TEXT, 'Its id.'),
  stream: said(TEXT, 'Its id.'),
  ip: TEXT,
  pageUrl: TEXT,
  swfUrl: TEXT,
  tcUrl: TEXT,
  url: TEXT,
  name: TEXT,
  type: v.picklist(['rtmp-play', 'flv-play', 'fmle-publish']),
  publish: FLAG,
  alive: said(NUMBER, 'Seconds.'),
  send_bytes: NUMBER,
  recv_bytes: NUMBER,
  kbps: KBPS,
});
export const SRS_CLIENTS = v.object({ ...ENVELOPE, clients: v.array(CLIENT) });
export const SRS_CLIENT = v.object({ ...ENVELOPE, client: found(CLIENT) });
export const SRS_DONE = v.object(ENVELOPE);

export const SRS_CLUSTER = v.object({
  code: NUMBER,
  data: v.object({
    query: v.object({ ip: TEXT, vhost: TEXT, app: TEXT, stream: TEXT }),
    origin: said(
      v.nullable(v.object({ ip: TEXT, port: NUMBER, vhost: TEXT, api: TEXT, routers: v.array(TEXT) })),
      'Null where nobody has it.',
    ),
  }),
});

export type SrsStream = v.InferInput<typeof STREAM>;
export type SrsClient = v.InferInput<typeof CLIENT>;

/** Items in one answer where the asker does not say how many, and at most. */
const COUNT_DEFAULT = 10;
const COUNT_MAX = 1000;

const FORMAT = v.exactOptional(
  said(queryWord('format', ['srs']), '`srs`: what SRS answers there, of this member alone.'),
);
/** Of one thing. */
export const SRS_FORMAT = { format: FORMAT };
/** Of a list. SRS takes anything for a number, and so do we: what is none counts as not given. */
export const SRS_PAGE = {
  format: FORMAT,
  start: v.optional(
    v.fallback(said(queryNumber('start', 0, 999_999), 'With `format=srs`: how many are left out.'), 0),
    '0',
  ),
  count: v.optional(
    v.fallback(
      said(queryNumber('count', 1, COUNT_MAX), 'With `format=srs`: how many at most.'),
      COUNT_DEFAULT,
    ),
    String(COUNT_DEFAULT),
  ),
};
export interface SrsPage {
  readonly start: number;
  readonly count: number;
}
