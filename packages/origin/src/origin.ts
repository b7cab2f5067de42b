import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGuard } from '@headwater/guard';
import {
  createMedia,
  type MediaPorts,
  MediaTally,
  makeRelayIdentity,
  type TlsOptions,
  TrustedProxies,
} from '@headwater/media';
import { createMesh, type Mesh } from '@headwater/mesh';
import type { Logger } from 'pino';
import { createApi } from './api/create-api.js';
import { type OpenApis, openApis } from './api/open-apis.js';
import { apiSource } from './api/source-of-member.js';
import { isLoopback } from './config/address.js';
import { ConfigInForce } from './config/config-in-force.js';
import type { OriginConfig } from './config/origin-config.js';
import type { EffectiveValue } from './config/resolve-config.js';
import { DrainControl } from './drain-control.js';
import { playersOf } from './drain-progress.js';
import { EventLog } from './events/event-log.js';
import { followMesh } from './events/follow-mesh.js';
import { ENDS_TOLD_MS, guardConfig } from './guard-config.js';
import { createLog } from './log/create-log.js';
import { QuietLog } from './log/quiet-log.js';
import { mediaHost } from './media-host.js';
import { mediaOptions } from './media-settings.js';
import { createMetrics } from './metrics/create-metrics.js';
import { tellLoad } from './own-load.js';
import { OwnProfile } from './own-profile.js';
import type { MediaPlane } from './plane/media-plane.js';
import { oneProcess } from './plane/one-process.js';
import { type MemberControl, memberAnswers } from './questions/member-answers.js';
import { memberKnowledge } from './questions/member-knowledge.js';
import { answerQuestions } from './questions/mesh-wide.js';
import { restartReason } from './reload/how-applied.js';
import { MemberSettings } from './reload/member-settings.js';
import { Reloading, type ReloadResult } from './reload/reloading.js';
import { PROGRAM_VERSION } from './version.js';
import { WorkersPlane } from './workers/workers-plane.js';

/** A running member: mesh, media and API together. */
export interface RunningOrigin {
  /** Ports really bound; 0 where one is off. */
  readonly ports: {
    readonly rtmp: number;
    readonly rtmps: number;
    readonly http: number;
    readonly https: number;
    readonly api: number;
    readonly apiTls: number;
    readonly mesh: number;
    /** Absent where metrics are on the API's port. */
    readonly metrics?: number;
  };
  /** Leaves on purpose: lets others take over for up to `drain.deadlineMs`. To be stopped afterwards, or meanwhile. Never rejects. */
  drain(): Promise<void>;
  /** Reads the configuration again, and puts in force what can change while it runs. Never rejects. */
  reload(): Promise<ReloadResult>;
  /** Releases all claims, says leave, closes everything. Never rejects. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** What is odd about the config, to be logged. */
  readonly warnings: readonly string[];
  readonly log?: Logger;
  /** Reads the configuration again, for a reload; rejects with `HeadwaterError`. Absent: it cannot be. */
  readonly reload?: () => Promise<OriginConfig>;
  /** The values that were read last, and where each came from. Absent: nobody is told. */
  readonly sources?: () => readonly EffectiveValue[];
}

/**
 * Starts one member: joins the mesh, opens the media and API ports, and introduces them to each other. Rejects with
 * `MeshError`, `ListenError`, `CertificateError` or the system's error of the API's port; then nothing is left open.
 */
export async function startOrigin(config: OriginConfig, options: StartOptions): Promise<RunningOrigin> {
  const log = options.log ?? createLog(config, process.stdout.isTTY === true);
  const quietLog = new QuietLog(log);
  for (const warning of options.warnings) log.warn({ warning }, 'config warning');
  warnOfOpenApi(config, log);

  const settings = new MemberSettings(config);
  const current = (): OriginConfig => settings.config;
  const identity = config.relay.tls ? await makeRelayIdentity(Date.now()) : null;
  const tls: TlsOptions = {
    certificates: config.tls.certificates,
    ...(identity !== null && { relay: identity.pem }),
  };
  const profile = new OwnProfile(
    current,
    portsAskedFor(config),
    identity === null ? {} : { relayKeyHash: identity.keyHash },
  );
  const workers = config.workers === 'auto' ? availableParallelism() : config.workers;
  const { secrets } = settings;
  // Its processes start while the mesh does.
  const plane =
    workers === 0
      ? null
      : new WorkersPlane({
          config,
          secrets,
          workers,
          media: mediaOptions(config, tls),
          log: withFatal(quietLog, log),
          quietLog,
        });
  let mesh: Mesh;
  try {
    mesh = await createMesh(
      { ...config.mesh, dataDir: config.dataDir, order: config.play.order },
      { log: quietLog, profile: (hosts) => profile.reachedAt(hosts) },
    );
  } catch (error) {
    await plane?.stop();
    throw error;
  }
  profile.join(mesh);
  plane?.join(mesh);
  const tally = new MediaTally();
  const guard =
    plane === null
      ? createGuard(guardConfig(config, mesh.id, secrets), {
          log: quietLog,
          onHookCalled: (event, outcome, tookMs) => tally.hookCalled(event, outcome, tookMs),
        })
      : null;
  const relay = {
    tls: config.relay.tls,
    get tree() {
      return current().relay.tree;
    },
  };
  const media: MediaPlane =
    plane ??
    oneProcess((tell) =>
      createMedia(mediaOptions(config, tls), mediaHost(mesh, relay), quietLog, {
        tell,
        tally,
        ...(guard !== null && { guard }),
      }),
    );
  const isDraining = (): boolean => profile.isDraining;
  const events = new EventLog(randomBytes(6).toString('hex'), Date.now);
  const unfollow = followMesh(events, mesh, media);
  const proxies = new TrustedProxies(config.trustedProxies);
  const inForce = new ConfigInForce(options.sources?.() ?? []);
  const draining = drainControl({ current, media, mesh, profile, events, log });
  let apis: OpenApis | null = null;
  const reloading = new Reloading({
    load: options.reload,
    running: current,
    async apply({ config: next, applied }) {
      const others = await settings.apply(next, { mesh, media, guard, proxies, profile, apis: () => apis });
      if (applied.includes('log.level')) control.setLogLevel(next.log.level);
      return others;
    },
    done(result) {
      tellReload(result, log);
      if (!result.done) return;
      inForce.reloaded(options.sources?.() ?? [], result);
      events.tell({ kind: 'configuration-reloaded' });
    },
  });
  const control: MemberControl = {
    drain: (deadlineMs) => draining.drain(deadlineMs),
    drainProgress: () => draining.progress(),
    cancelDrain: () => draining.cancel(),
    setLogLevel: (level) => {
      log.level = level;
      media.setLogLevel(level);
      inForce.logLevelSet(level);
      events.tell({ kind: 'log-level-changed', level });
    },
    reload: () => reloading.reload(),
  };
  const knowledge = memberKnowledge({ current, inForce, mesh, media, events, isDraining });
  answerQuestions(mesh, memberAnswers(media, control, knowledge), (question, from) =>
    log.info({ question, member: from }, 'operator asked'),
  );
  const metrics = createMetrics(
    {
      directory: mesh.directory,
      member: { ...config, id: mesh.id },
      members: () => mesh.members(),
      status: () => mesh.status(),
      figures: () => mesh.figures(),
      isDraining,
      onMemberChanged: (listener) => mesh.onMemberChanged(listener),
      media,
    },
    config.metrics,
  );
  const app = createApi(apiSource(current, mesh, media, events, isDraining), (error, path) =>
    quietLog.error({ err: error, path }, 'api bug'),
  );
  try {
    await media.start();
    profile.listensAt(media.ports);
    apis = await openApis({ app, metrics, config: current, proxies, log: quietLog });
  } catch (error) {
    metrics.close();
    await media.stop();
    await mesh.stop();
    quietLog.close();
    throw error;
  }
  const { ports: apiPorts, close: closeApis } = apis;
  const tellNoLoad = tellLoad({ media, mesh, profile, limits: () => current().limits, log: quietLog });
  const ports = { ...media.ports, ...apiPorts, mesh: mesh.port };
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
    tellNoLoad();
    unfollow();
    // The mesh goes first: the others stop routing here before the players here are let go.
    await mesh.stop();
    await media.stop();
    await guard?.stop(ENDS_TOLD_MS);
    metrics.close();
    await closeApis();
    quietLog.close();
    log.info({ member: mesh.id }, 'origin stopped');
  };
  return {
    ports,
    drain: () => draining.drainToEnd(),
    reload: () => reloading.reload(),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function warnOfOpenApi({ api: { host, token, readToken } }: OriginConfig, log: Logger): void {
  if (!isLoopback(host) && token === undefined && readToken === undefined)
    log.warn({ host, hint: 'set api.token and api.readToken' }, 'api may be read by whoever reaches it');
}

/** 0: a free one, or none. */
const portsAskedFor = ({ rtmp, rtmps, http, https }: OriginConfig): MediaPorts => ({
  rtmp: rtmp.port ?? 0,
  rtmps: rtmps.port ?? 0,
  http: http.port ?? 0,
  https: https.port ?? 0,
});

interface DrainParts {
  readonly current: () => OriginConfig;
  readonly media: MediaPlane;
  readonly mesh: Mesh;
  readonly profile: OwnProfile;
  readonly events: EventLog;
  readonly log: Logger;
}

function drainControl({ current, media, mesh, profile, events, log }: DrainParts): DrainControl {
  return new DrainControl({
    media,
    directory: mesh.directory,
    announce: (isDraining) => profile.setDraining(isDraining),
    log: (fields, msg) => log.info(fields, msg),
    stepped: (step, facts) =>
      events.tell({
        kind: 'drain-step',
        step,
        publishers: facts.load.publishers,
        relays: facts.pulls.length,
        players: playersOf(facts),
      }),
    resumeFailed: (error) => log.error({ err: error }, 'rtmp ports not opened again'),
    get deadlineMs() {
      return current().drain.deadlineMs;
    },
    get listener() {
      return current().drain.listener;
    },
    get forwardsPublishers() {
      return current().drain.forwardPublishers;
    },
    now: () => performance.now(),
    pause: (ms) => sleep(ms),
  });
}

function tellReload(result: ReloadResult, log: Logger): void {
  if (!result.done) {
    log.error({ problems: result.problems }, 'configuration not reloaded');
    return;
  }
  const { applied, needsRestart } = result;
  const reasons = [...new Set(needsRestart.map((key) => `${restartReason(key)}`))];
  log.info({ applied, needsRestart, ...(reasons.length > 0 && { reasons }) }, 'configuration reloaded');
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
