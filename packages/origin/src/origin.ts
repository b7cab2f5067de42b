import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { MemberProfile, PlayRequest } from '@headwater/directory';
import { createGuard, listsWithOtherSecrets } from '@headwater/guard';
import {
  CertificateStore,
  createMedia,
  type MediaPorts,
  MediaTally,
  makeRelayIdentity,
  type TlsOptions,
  TrustedProxies,
} from '@headwater/media';
import { checkCertificates } from '@headwater/media/certificates';
import { createMesh, type Mesh } from '@headwater/mesh';
import type { Logger } from 'pino';
import { createApi } from './api/create-api.js';
import { type ApiListener, listenApi } from './api/listen.js';
import { apiSource, routeOf } from './api/source-of-member.js';
import { isLoopback } from './config/address.js';
import { ConfigInForce } from './config/config-in-force.js';
import type { OriginConfig } from './config/origin-config.js';
import type { EffectiveValue } from './config/resolve-config.js';
import { checkUp } from './doctor/checkup.js';
import { othersOf } from './doctor/members-to-reach.js';
import { DrainControl } from './drain-control.js';
import { playersOf } from './drain-progress.js';
import { HeadwaterError } from './errors.js';
import { EventLog } from './events/event-log.js';
import { followMesh } from './events/follow-mesh.js';
import { RelayBook } from './events/relay-book.js';
import { nextFull, takesNobody } from './fullness.js';
import { checkRules, ENDS_TOLD_MS, guardConfig } from './guard-config.js';
import { createLog } from './log/create-log.js';
import { QuietLog } from './log/quiet-log.js';
import { mediaHost } from './media-host.js';
import { mediaOptions, mediaSettings } from './media-settings.js';
import { createMetrics } from './metrics/create-metrics.js';
import { serveMetrics } from './metrics/serve-metrics.js';
import type { MediaPlane } from './plane/media-plane.js';
import { oneProcess } from './plane/one-process.js';
import { profileOf } from './profile.js';
import { type MemberControl, memberAnswers } from './questions/member-answers.js';
import { answerQuestions } from './questions/mesh-wide.js';
import type { WatchedHere } from './questions/watched-here.js';
import { restartReason } from './reload/how-applied.js';
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

/** How often the member's load is measured and told, ms; also the least time between two changes of whether it is full. */
const LOAD_INTERVAL_MS = 1000;

/**
 * Starts one member: joins the mesh, opens the media and API ports, and introduces them to each other. Rejects with
 * `MeshError`, `ListenError`, `CertificateError` or the system's error of the API's port; then nothing is left open.
 */
export async function startOrigin(config: OriginConfig, options: StartOptions): Promise<RunningOrigin> {
  /** What of the configuration may change counts by this one. */
  let current = config;
  const log = options.log ?? createLog(config, process.stdout.isTTY === true);
  const quietLog = new QuietLog(log);
  for (const warning of options.warnings) log.warn({ warning }, 'config warning');

  const { host, token, readToken } = config.api;
  if (!isLoopback(host) && token === undefined && readToken === undefined)
    log.warn({ host, hint: 'set api.token and api.readToken' }, 'api may be read by whoever reaches it');
  /** What their files and variables held when they were read last. */
  let secrets = checkRules(config);
  const configured = {
    rtmp: config.rtmp.port ?? 0,
    rtmps: config.rtmps.port ?? 0,
    http: config.http.port ?? 0,
    https: config.https.port ?? 0,
  };
  const relay = config.relay.tls ? await makeRelayIdentity(Date.now()) : null;
  const tls: TlsOptions = {
    certificates: config.tls.certificates,
    ...(relay !== null && { relay: relay.pem }),
  };
  const relayKey = relay === null ? {} : { relayKeyHash: relay.keyHash };
  const workers = config.workers === 'auto' ? availableParallelism() : config.workers;
  const proxies = new TrustedProxies(config.trustedProxies);
  const plane =
    workers === 0
      ? null
      : new WorkersPlane({
          config,
          secrets,
          workers,
          media: mediaOptions(config, tls),
          log: withFatal(quietLog, log),
        });
  let meshHosts: readonly string[] = ['127.0.0.1'];
  let mesh: Mesh;
  try {
    mesh = await createMesh(
      { ...config.mesh, dataDir: config.dataDir, order: config.play.order },
      {
        log: quietLog,
        profile: (hosts) => {
          meshHosts = hosts;
          return { ...profileOf(config, hosts, configured), ...relayKey };
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
    ...profileOf(current, meshHosts, ports),
    ...relayKey,
    draining: isDraining,
    ...(isFull && { full: true }),
  });
  plane?.join(mesh);
  const tally = new MediaTally();
  const guard =
    plane === null
      ? createGuard(guardConfig(config, mesh.id, secrets), {
          log: quietLog,
          onHookCalled: (event, outcome, tookMs) => tally.hookCalled(event, outcome, tookMs),
        })
      : null;
  const relayNow = {
    tls: config.relay.tls,
    get tree() {
      return current.relay.tree;
    },
  };
  const media: MediaPlane =
    plane ??
    oneProcess((tell) =>
      createMedia(mediaOptions(config, tls), mediaHost(mesh, relayNow), quietLog, {
        tell,
        tally,
        ...(guard !== null && { guard }),
      }),
    );
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
      return current.drain.deadlineMs;
    },
    get listener() {
      return current.drain.listener;
    },
    get forwardsPublishers() {
      return current.drain.forwardPublishers;
    },
    now: () => performance.now(),
    pause: (ms) => sleep(ms),
  });
  const inForce = new ConfigInForce(options.sources?.() ?? []);
  const reloading = new Reloading({
    load: options.reload,
    running: () => current,
    async apply({ config: next, applied }) {
      const { key } = next.mesh;
      const nextSecrets = checkRules(next);
      const { errors } = await checkCertificates(next.tls.certificates, Date.now());
      if (errors.length > 0)
        throw new HeadwaterError('CERTIFICATE_UNUSABLE', errors.join('; '), { details: errors });
      // It throws where it cannot take these, and changes nothing then; what comes after was looked at above.
      mesh.configure({ seeds: next.mesh.seeds, order: next.play.order, ...(key !== undefined && { key }) });
      await apiCertificates?.replace(next.tls.certificates);
      const rules = guardConfig(next, mesh.id, nextSecrets);
      guard?.configure(rules);
      await media.configure(mediaSettings(next), next, nextSecrets);
      proxies.replace(next.trustedProxies);
      current = next;
      const told = mesh.directory.profile;
      const toTell = profile(media.ports);
      if (!isDeepStrictEqual(told, toTell)) mesh.setProfile(toTell);
      if (applied.includes('log.level')) control.setLogLevel(next.log.level);
      const others = listsWithOtherSecrets(rules, secrets, nextSecrets);
      secrets = nextSecrets;
      return others;
    },
    done(result) {
      if (!result.done) {
        log.error({ problems: result.problems }, 'configuration not reloaded');
        return;
      }
      const { applied, needsRestart } = result;
      inForce.reloaded(options.sources?.() ?? [], result);
      const reasons = [...new Set(needsRestart.map((key) => `${restartReason(key)}`))];
      log.info({ applied, needsRestart, ...(reasons.length > 0 && { reasons }) }, 'configuration reloaded');
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
  const relays = new RelayBook();
  events.onTold(({ event, atMs }) => relays.note(event, atMs));
  const watched: WatchedHere = { directory: mesh.directory, events, relays, members: () => mesh.members() };
  const knowledge = {
    events,
    watched,
    config: () => inForce.tell(),
    checkup: () =>
      checkUp({
        config: current,
        status: () => mesh.status(),
        workers: () => media.workers(),
        others: () => othersOf(mesh, config.relay.tls),
      }),
    explain: () => ({
      ...current,
      order: current.play.order,
      rules: guardConfig(current, mesh.id),
      directory: mesh.directory,
      members: () => mesh.members(),
      status: () => mesh.status(),
      isDraining: () => isDraining,
      told: () => media.told(),
      route: (request: Omit<PlayRequest, 'mode'>) => routeOf(current, mesh, media, request),
    }),
  };
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
      isDraining: () => isDraining,
      onMemberChanged: (listener) => mesh.onMemberChanged(listener),
      media,
    },
    config.metrics,
  );
  let metricsListener: ApiListener | null = null;
  let apis: readonly ApiListener[] = [];
  let apiCertificates: CertificateStore | null = null;
  const closeApis = async (): Promise<void> => {
    metrics.close();
    await metricsListener?.close();
    apiCertificates?.close();
    await Promise.all(apis.map((api) => api.close()));
  };
  try {
    await media.start();
    if (PORT_NAMES.some((name) => media.ports[name] !== configured[name])) {
      mesh.setProfile(profile(media.ports));
    }
    const app = createApi(
      apiSource(
        () => current,
        mesh,
        media,
        events,
        () => isDraining,
      ),
      (error, path) => quietLog.error({ err: error, path }, 'api bug'),
    );
    const listening = {
      host: config.api.host,
      forwarding: {
        proxies,
        get headers() {
          return current.proxyHeaders;
        },
      },
      log: quietLog,
      onFault: (error: unknown) => quietLog.error({ err: error }, 'api listener failed'),
    };
    if (config.api.tlsPort !== null || config.metrics.tls)
      apiCertificates = await CertificateStore.open({ certificates: config.tls.certificates }, quietLog);
    metricsListener = await serveMetrics(metrics, app, config.metrics, () => current.metrics.token ?? [], {
      ...listening,
      certificates: config.metrics.tls ? apiCertificates : null,
    });
    apis = [await listenApi(app, { ...listening, port: config.api.port, certificates: null })];
    if (config.api.tlsPort !== null) {
      const secure = { ...listening, port: config.api.tlsPort, certificates: apiCertificates };
      apis = [...apis, await listenApi(app, secure)];
    }
  } catch (error) {
    await closeApis();
    await media.stop();
    await mesh.stop();
    quietLog.close();
    throw error;
  }

  const loadTimer = setInterval(() => {
    const { players, publishers, outboundKbps, connections } = media.told();
    mesh.setLoad({ players, publishers, outboundKbps });
    const used = { connections, outboundKbps };
    const isClosed = takesNobody(media.workers());
    if ((isClosed || nextFull(isFull, used, current.limits)) === isFull) return;
    isFull = !isFull;
    mesh.setProfile(profile(media.ports));
    const why = isClosed ? { reason: 'no media worker takes connections' } : {};
    log.warn({ ...used, limits: current.limits, ...why }, isFull ? 'member full' : 'member has room again');
  }, LOAD_INTERVAL_MS);
  const ports = {
    ...media.ports,
    api: apis[0]?.port ?? 0,
    apiTls: apis[1]?.port ?? 0,
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
    await guard?.stop(ENDS_TOLD_MS);
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

const PORT_NAMES = ['rtmp', 'rtmps', 'http', 'https'] as const;
