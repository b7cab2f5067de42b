/**
 * What people who come from SRS write, by the last part of the key in small letters, and what it is here: docs/from-srs.md
 * in short. Only what is no key of ours, wherever it stands.
 */
const OURS_BY_FOREIGN: Readonly<Record<string, string>> = {
  listen: 'rtmp.port',
  http_api: 'api.port',
  http_server: 'http.port',
  http_remux: 'http.port, which serves /app/stream.flv by itself',
  max_connections: 'limits.connectionsMax',
  vhost: 'vhosts',
  cluster: 'mesh.seeds, and role: edge for an edge',
  origin_cluster: 'mesh.seeds',
  coworkers: 'mesh.seeds',
  candidate: 'advertise',
  gop_cache: 'play.gopCacheBytesMax',
  mw_latency: 'play.mergeMs',
  queue_length: 'play.queueMs',
  firstpkt_timeout: 'publish.idleMs',
  normal_timeout: 'publish.idleMs',
  http_hooks: 'publish.auth and play.auth',
  security: 'publish.auth and play.auth',
  grace_final_wait: 'drain.deadlineMs',
  srs_log_level: 'log.level',
  srs_log_tank: 'nothing: the log goes to standard output',
  srs_log_file: 'nothing: the log goes to standard output',
  daemon: 'nothing: it runs in the foreground, and conf/systemd has a unit',
  pid: 'nothing: it runs in the foreground, and conf/systemd has a unit',
};

/** What SRS's key is called here; null where it is none that is known. */
export function oursFor(path: string): string | null {
  const leaf = path.split('.').at(-1)?.toLowerCase() ?? '';
  return Object.hasOwn(OURS_BY_FOREIGN, leaf) ? (OURS_BY_FOREIGN[leaf] ?? null) : null;
}

/** Whether a text is written as configurations of SRS and nginx are: `listen 1935;`, `vhost __defaultVhost__ {`. */
export const looksForeign = (text: string): boolean =>
  /^[ \t]*\w{1,40}[ \t][^:#;{}\n]{0,200}[;{][ \t]*\r?$/m.test(text);
