const BESIDE = 'nothing: run ffmpeg beside it, as a player';
const BY_THEMSELVES = 'nothing: members find streams on each other by themselves';

/**
 * What people who come from SRS or nginx-rtmp write, by the last part of the key in small letters, and what it is here:
 * docs/from-srs.md and docs/from-nginx-rtmp.md in short. Only what is no key of ours, wherever it stands.
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
  on_publish: 'a hook rule in publish.auth',
  on_publish_done: 'a hook rule in publish.auth',
  on_play: 'a hook rule in play.auth',
  on_play_done: 'a hook rule in play.auth',
  application: 'apps.NAME, and only for what differs: any app is live',
  max_message: 'limits.messageBytesMax',
  drop_idle_publisher: 'publish.idleMs',
  push: BY_THEMSELVES,
  pull: BY_THEMSELVES,
  hls: BESIDE,
  dash: BESIDE,
  dvr: BESIDE,
  record: BESIDE,
  exec: BESIDE,
  transcode: BESIDE,
  grace_final_wait: 'drain.deadlineMs',
  srs_log_level: 'log.level',
  srs_log_tank: 'nothing: the log goes to standard output',
  srs_log_file: 'nothing: the log goes to standard output',
  daemon: 'nothing: it runs in the foreground, and conf/systemd has a unit',
  pid: 'nothing: it runs in the foreground, and conf/systemd has a unit',
};

/** What a key of SRS or nginx-rtmp is called here; null where it is none that is known. */
export function oursFor(path: string): string | null {
  const leaf = path.split('.').at(-1)?.toLowerCase() ?? '';
  return Object.hasOwn(OURS_BY_FOREIGN, leaf) ? (OURS_BY_FOREIGN[leaf] ?? null) : null;
}

/** Whether a text is written as configurations of SRS and nginx are: `listen 1935;`, `vhost __defaultVhost__ {`. */
export const looksForeign = (text: string): boolean =>
  /^[ \t]*\w{1,40}[ \t][^:#;{}\n]{0,200}[;{][ \t]*\r?$/m.test(text);
