import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MemberProfile, route } from '@headwater/directory';
import { createMedia, playModeOf, vhostOf } from '@headwater/media';
import { createMesh, type Mesh } from '@headwater/mesh';
import type { Logger } from 'pino';
import type { ApiSource } from './api/api-source.js';
import { createApi } from './api/create-api.js';
import { type ApiListener, listenApi } from './api/listen.js';
import type { OriginConfig } from './config/origin-config.js';
import { DrainControl } from './drain-control.js';
import { EventLog } from './events/event-log.js';
import { followMesh } from './events/follow-mesh.js';
import { nextFull } from './fullness.js';
import { createLog } from './log/create-log.js';
import { QuietLog } from './log/quiet-log.js';
import { mediaHost } from './media-host.js';
import { createMetrics } from './metrics/create-metrics.js';
import { serveMetrics } from './metrics/serve-metrics.js';
import type { MediaPlane } from './plane/media-plane.js';
import { oneProcess } from './plane/one-process.js';
import { profileOf } from './profile.js';
import { type MemberControl, memberAnswers } from './questions/member-answers.js';
import { answerQuestions, MeshWide } from './questions/mesh-wide.js';
import type { MediaPorts } from './relay-addresses.js';
import { PROGRAM_VERSION } from './version.js';
import { WorkersPlane } from './workers/workers-plane.js';

/** A running member: mesh, media and API together. */
export interface RunningOrigin {
  /** Ports really bound. */
  readonly ports: {
    readonly rtmp: number;
    readonly http: number;
    readonly api: number;
    readonly mesh: number;
    /** Absent where metrics are on the API's port. */
    readonly metrics?: number;
  };
  /** Leaves on purpose: lets others take over for up to `drain.deadlineMs`. To be stopped afterwards, or meanwhile. Never rejects. */
  drain(): Promise<void>;
  /** Releases all claims, says leave, closes everything. Never rejects. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** What is odd about the config, to be logged. */
  readonly warnings: readonly string[];
  readonly log?: Logger;
}

/** How often the member's load is measured and told, ms; also the least time between two changes of whether it is full. */
const LOAD_INTERVAL_MS = 1000;

/**
 * Starts one member: joins the mesh, opens the media and API ports, and introduces them to each other. Rejects with
 * `MeshError`, `ListenError` or the system's error of the API's port; then nothing is left open.
 */
export async function startOrigin(config: OriginConfig, options: StartOptions): Promise<RunningOrigin> {
  const log = options.log ?? createLog(config, process.stdout.isTTY === true);
  const quietLog = new QuietLog(log);
  for (const warning of options.warnings) log.warn({ warning }, 'config warning');

  const configured = { rtmp: config.rtmp.port, http: config.http.port };
  const workers = config.workers === 'auto' ? availableParallelism() : config.workers;
  const plane =
    workers === 0
      ? null
      : new WorkersPlane({ config, workers, media: mediaOptions(config), log: withFatal(quietLog, log) });
  let meshHosts: readonly string[] = ['127.0.0.1'];
  let mesh: Mesh;
  try {
    mesh = await createMesh(
      { ...config.mesh, dataDir: config.dataDir, order: config.play.order },
      {
        log: quietLog,
        profile: (hosts) => {
          meshHosts = hosts;
          return profileOf(config, hosts, configured);
        },
      },
    );
  } catch (error) {
    await plane?.stop();
    throw error;
  }
  let isDraining = false;
  let isFull = false;
  const profile = (ports: MediaPorts): MemberProfile => ({
    ...profileOf(config, meshHosts, ports),
    draining: isDraining,
    ...(isFull && { full: true }),
  });
  plane?.join(mesh);
  const media: MediaPlane =
    plane ?? oneProcess((tell) => createMedia(mediaOptions(config), mediaHost(mesh), quietLog, tell));
  const events = new EventLog(randomBytes(6).toString('hex'), Date.now);
  const unfollow = followMesh(events, mesh, media);
  const draining = new DrainControl({
    media,
    directory: mesh.directory,
    announce: (value) => {
      isDraining = value;
      mesh.setProfile(profile(media.ports));
    },
    log: (fields, msg) => log.info(fields, msg),
    deadlineMs: config.drain.deadlineMs,
    now: () => performance.now(),
    pause: (ms) => sleep(ms),
  });
  const control: MemberControl = {
    drain: (deadlineMs) => draining.drain(deadlineMs),
    cancelDrain: () => draining.cancel(),
    setLogLevel: (level) => {
      log.level = level;
      media.setLogLevel(level);
      events.tell({ kind: 'log-level-changed', level });
    },
    reload: async () => false,
  };
  answerQuestions(mesh, memberAnswers(media, control), (question, from) =>
    log.info({ question, member: from }, 'operator asked'),
  );
  const metrics = createMetrics({
    directory: mesh.directory,
    member: { ...config, id: mesh.id },
    members: () => mesh.members(),
    status: () => mesh.status(),
    figures: () => mesh.figures(),
    isDraining: () => isDraining,
    onMemberChanged: (listener) => mesh.onMemberChanged(listener),
    media,
  });
  let metricsListener: ApiListener | null = null;
  let api: ApiListener;
  try {
    await media.start();
    if (media.ports.rtmp !== configured.rtmp || media.ports.http !== configured.http) {
      mesh.setProfile(profile(media.ports));
    }
    const app = createApi(
      apiSource(config, mesh, media, events, () => isDraining),
      (error, path) => quietLog.error({ err: error, path }, 'api bug'),
    );
    const onListenerFault = (error: unknown): void => quietLog.error({ err: error }, 'api listener failed');
    metricsListener = await serveMetrics(metrics, app, config.metrics, onListenerFault);
    api = await listenApi(app, config.api.host, config.api.port, onListenerFault);
  } catch (error) {
    metrics.close();
    await metricsListener?.close();
    await media.stop();
    await mesh.stop();
    quietLog.close();
    throw error;
  }

  const loadTimer = setInterval(() => {
    const { players, publishers, outboundKbps, connections } = media.told();
    mesh.setLoad({ players, publishers, outboundKbps });
    const used = { connections, outboundKbps };
    if (nextFull(isFull, used, config.limits) === isFull) return;
    isFull = !isFull;
    mesh.setProfile(profile(media.ports));
    log.warn({ ...used, limits: config.limits }, isFull ? 'member full' : 'member has room again');
  }, LOAD_INTERVAL_MS);
  const ports = {
    ...media.ports,
    api: api.port,
    mesh: mesh.port,
    ...(metricsListener !== null && { metrics: metricsListener.port }),
  };
  log.info(
    {
      member: mesh.id,
      role: config.role,
      ports,
      workers,
      seeds: config.mesh.seeds,
      version: PROGRAM_VERSION,
    },
    'origin ready',
  );

  let stopped: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    clearInterval(loadTimer);
    unfollow();
    // The mesh goes first: the others stop routing here before the players here are let go.
    await mesh.stop();
    await media.stop();
    metrics.close();
    await metricsListener?.close();
    await api.close();
    quietLog.close();
    log.info({ member: mesh.id }, 'origin stopped');
  };
  return {
    ports,
    drain: () => draining.drainToEnd(),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** The end of a worker is told each time. */
function withFatal(quietLog: QuietLog, log: Logger) {
  return {
    debug: (fields: object, msg: string) => quietLog.debug(fields, msg),
    info: (fields: object, msg: string) => quietLog.info(fields, msg),
    warn: (fields: object, msg: string) => log.warn(fields, msg),
    error: (fields: object, msg: string) => log.error(fields, msg),
    fatal: (fields: object, msg: string) => log.fatal(fields, msg),
  };
}

function mediaOptions(config: OriginConfig): Parameters<typeof createMedia>[0] {
  const { rtmp, http, vhosts, play, publish, relay, limits, apps, name, role } = config;
  return {
    memberName: name,
    acceptsPublishers: role === 'origin',
    rtmp,
    http,
    vhosts,
    play,
    publish,
    relay,
    limits,
    apps,
  };
}

function apiSource(
  config: OriginConfig,
  mesh: Mesh,
  media: MediaPlane,
  events: EventLog,
  isDraining: () => boolean,
): ApiSource {
  return {
    name: config.name,
    mesh: new MeshWide(mesh),
    events,
    ...(config.api.token === undefined ? {} : { token: config.api.token }),
    directory: mesh.directory,
    members: () => mesh.members(),
    status: () => mesh.status(),
    isDraining,
    media,
    route: (request) =>
      route(mesh.directory, {
        ...request,
        mode: playModeOf(request.key, config),
        isFull: media.told().isFull,
      }),
    resolveVhost: (vhost) => vhostOf([vhost ?? null], config.vhosts),
  };
}
