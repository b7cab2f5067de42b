import type { ReadSecrets } from '@headwater/guard';
import {
  addFigures,
  CertificateStore,
  endedFigures,
  type ListenAt,
  type MediaEvent,
  type MediaEventListener,
  type MediaFigures,
  type MediaLog,
  type MediaOptions,
  type MediaSettings,
  MediaTally,
  NO_FIGURES,
  publishPolicyOf,
  TrustedProxies,
} from '@headwater/media';
import type { Mesh } from '@headwater/mesh';
import type { OriginConfig } from '../config/origin-config.js';
import { HeadwaterError } from '../errors.js';
import { guardConfig } from '../guard-config.js';
import { memberPlaces } from '../media-host.js';
import type { MediaPlane, MediaQuestions, MediaTold } from '../plane/media-plane.js';
import { questionsTo } from './ask-workers.js';
import { ClaimTable } from './claim-table.js';
import { DirectoryFeed } from './directory-feed.js';
import { factsOf, watchFacts } from './member-facts.js';
import type { FromWorker } from './messages.js';
import { PortListeners } from './port-listeners.js';
import { keepSocketFolder, makeSocketFolder, removeSocketFolder, socketFolders } from './socket-folder.js';
import { Unfinished } from './unfinished.js';
import { WorkerPool } from './worker-pool.js';
import { workerSetup } from './worker-setup.js';
import type { LivingWorker } from './worker-slot.js';

/** So many ends of workers before all of them took connections are too many: the member does not start. */
const START_ENDS_MAX = 3;

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** How often it is looked whether the folder of the workers' sockets is still there, ms. */
const FOLDER_EVERY_MS = 2_000;

export interface WorkersPlaneOptions {
  readonly config: OriginConfig;
  /** As `checkRules` read them. */
  readonly secrets: ReadSecrets;
  /** How many; at least one. */
  readonly workers: number;
  readonly media: MediaOptions;
  /** For what workers tell, whose own log counts what repeats, and for their ends. */
  readonly log: MediaLog & { fatal(fields: object, msg: string): void };
  /** For what happens to connections, of which there may be thousands. */
  readonly quietLog: MediaLog;
}

/** The media of a member in processes of its own, each of which has some of the connections. */
export class WorkersPlane implements MediaPlane {
  readonly ask: MediaQuestions;
  readonly #options: WorkersPlaneOptions;
  #config: OriginConfig;
  #secrets: ReadSecrets;
  #media: MediaOptions;
  readonly #proxies: TrustedProxies;
  readonly #folder: string;
  readonly #pool: WorkerPool;
  readonly #listeners: PortListeners;
  readonly #claims = new ClaimTable<LivingWorker>();
  #mesh: Mesh | null = null;
  #feed: DirectoryFeed | null = null;
  readonly #unfollow = new Map<LivingWorker, () => void>();
  readonly #unfinished = new Map<LivingWorker, Unfinished>();
  /** What workers have of them, for those that start while the files cannot be used. Workers tell of changes. */
  #certificates: CertificateStore | null = null;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #unsubscribe: (() => void)[] = [];
  /** What ended workers had counted. */
  #faultsBefore = 0;
  #figuresBefore: MediaFigures = NO_FIGURES;
  #isRefusing = false;
  #isForwarding = false;
  #logLevel: string;
  readonly #eventListeners = new Set<MediaEventListener>();
  #isFull = false;
  #isDisputed = false;
  #failed: ((error: Error) => void) | null = null;
  #isStopped = false;
  #isSetUp = false;
  #startEnds = 0;

  /** The processes start at once, so that they are there when the mesh is. */
  constructor(options: WorkersPlaneOptions) {
    const { config, media, log, quietLog, workers } = options;
    this.#options = options;
    this.#config = config;
    this.#secrets = options.secrets;
    this.#media = media;
    this.#logLevel = config.log.level;
    const current = () => this.#config;
    const rules = {
      get memoryMax() {
        return current().limits.workerMemoryMax;
      },
      get drainMs() {
        return current().drain.deadlineMs;
      },
    };
    this.#proxies = new TrustedProxies(media.trustedProxies ?? []);
    this.#folder = makeSocketFolder(socketFolders(config.dataDir));
    this.#listeners = new PortListeners({
      at: { rtmp: media.rtmp, rtmps: media.rtmps ?? OFF, http: media.http, https: media.https ?? OFF },
      log: quietLog,
      onConnection: (listener, socket) => this.#pool.arrived(listener, socket),
    });
    this.#pool = new WorkerPool(
      {
        workers,
        folder: this.#folder,
        rules,
        isProxy: (ip) => this.#proxies.has(ip),
        isMemberAddress: (ip) =>
          this.#mesh !== null && memberPlaces(this.#mesh, config.relay.tls).isMemberAddress(ip),
        onRefused: (listener, client) =>
          quietLog.warn({ client, protocol: listener, reason: 'workers-not-ready' }, 'connection refused'),
      },
      {
        started: (worker) => this.#started(worker),
        asked: (worker) => this.#tellAroundTo(worker),
        message: (worker, message) => this.#take(worker, message),
        draining: (worker) => {
          this.#tellAround();
          worker.process.post({ kind: 'refuse-publishers' });
          worker.process.post({ kind: 'close-publishers', which: 'all' });
        },
        ended: (worker, reason, restartMs) => this.#ended(worker, reason, restartMs),
        log: (level, fields, msg) => log[level](fields, msg),
      },
    );
    this.ask = questionsTo(this.#pool);
    this.#pool.start();
  }

  /** The mesh is there: claims go there, and workers are told what it knows. To be called once, before `start`. */
  join(mesh: Mesh): void {
    this.#mesh = mesh;
    const claims = this.#claims;
    this.#feed = new DirectoryFeed({
      directory: mesh.directory,
      facts: () => factsOf(mesh),
      *own() {
        for (const { claim, worker } of claims.entries()) yield { claim, worker: worker.process.address };
      },
    });
    this.#unsubscribe.push(
      mesh.onMemberChanged(() => {
        this.#feed?.factsChanged();
        this.#lookAround();
      }),
      watchFacts(mesh, () => this.#feed?.factsChanged()),
    );
    this.#timers.push(setInterval(() => this.#keepFolder(), FOLDER_EVERY_MS));
  }

  async start(): Promise<void> {
    const { media } = this.#options;
    // What is wrong with a certificate is told here, once, rather than by each worker.
    if (media.tls !== undefined)
      this.#certificates = await CertificateStore.open(media.tls, {
        ...SILENT,
        warn: (...line) => this.#warnAtStart(...line),
      });
    await this.#listeners.open();
    const ready = new Promise<void>((resolve, reject) => {
      this.#failed = reject;
      const look = setInterval(() => {
        if (this.waitingFor !== null && !this.#isStopped) return;
        clearInterval(look);
        resolve();
      }, 5);
    });
    // Those that are between two starts get theirs when they are there.
    this.#isSetUp = true;
    for (const worker of this.#pool.all) this.#setUp(worker);
    await ready;
    this.#failed = null;
  }

  /** Workers that run put their sockets back into it. */
  #keepFolder(): void {
    try {
      if (keepSocketFolder(this.#folder))
        this.#options.log.warn({ path: this.#folder }, 'folder of sockets made anew');
    } catch {
      // Told when a worker is started, and by those who find nobody.
    }
  }

  #warnAtStart(...line: Parameters<MediaLog['warn']>): void {
    if (!this.#isSetUp) this.#options.log.warn(...line);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#certificates?.close();
    this.#listeners.close();
    await this.#pool.stop();
    this.#feed?.stop();
    removeSocketFolder(this.#folder);
  }

  get ports() {
    return this.#listeners.ports;
  }

  get waitingFor(): string | null {
    const waiting = this.#pool.notListening;
    if (waiting.length === 0) return null;
    return `media worker ${waiting.join(', ')} of ${this.#options.workers} to take connections`;
  }

  refusePublishers(forwards: boolean): void {
    this.#isRefusing = true;
    this.#isForwarding = forwards;
    this.#pool.post({ kind: 'refuse-publishers', forwards });
  }

  acceptPublishers(): void {
    this.#isRefusing = false;
    this.#pool.post({ kind: 'accept-publishers' });
  }

  async configure(settings: MediaSettings, config: OriginConfig, secrets: ReadSecrets): Promise<void> {
    const { certificates, ...media } = settings;
    // Workers that start later begin with it.
    this.#config = config;
    this.#secrets = secrets;
    this.#proxies.replace(settings.trustedProxies ?? []);
    this.#media = {
      ...this.#media,
      ...media,
      ...(this.#media.tls !== undefined && { tls: { ...this.#media.tls, certificates } }),
    };
    // They were looked at before. What cannot be used all the same is told by the workers.
    await this.#certificates?.replace(certificates).catch(() => {});
    if (this.#mesh === null) return;
    // One that answers late has it all the same: what it is told stays in order.
    const { play, relay } = config;
    const rules = guardConfig(config, this.#mesh.id, secrets);
    await this.#pool.ask('configure', settings, rules, play.order, relay.tree);
  }

  setLogLevel(level: string): void {
    this.#logLevel = level;
    this.#pool.post({ kind: 'log-level', level });
  }

  onEvent(listener: MediaEventListener): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  askPublishersToReconnect(): void {
    this.#pool.post({ kind: 'ask-publishers' });
  }

  closePublishers(which: 'all' | 'others'): void {
    this.#pool.post({ kind: 'close-publishers', which });
  }

  /** Ports are main's: no worker need know. */
  pauseRtmp(): void {
    this.#listeners.pauseRtmp();
  }

  resumeRtmp(): Promise<void> {
    return this.#listeners.resumeRtmp();
  }

  told(): MediaTold {
    let [players, publishers, outboundKbps, faults] = [0, 0, 0, this.#faultsBefore];
    for (const { process } of this.#pool.all) {
      players += process.told.players;
      publishers += process.told.publishers;
      outboundKbps += process.told.outboundKbps;
      faults += process.told.faults;
    }
    const { connectionsMax, outboundKbpsMax } = this.#config.limits;
    const { connections } = this.#pool;
    const isFull = connections > connectionsMax || (outboundKbpsMax > 0 && outboundKbps >= outboundKbpsMax);
    return { players, publishers, outboundKbps, connections, isFull, faults };
  }

  workers() {
    return this.#pool.views();
  }

  /** As they told last, those that ended included: what is counted never grows less. */
  figures(): MediaFigures {
    return this.#pool.all.reduce(
      (sum, { process }) => addFigures(sum, process.told.figures),
      this.#figuresBefore,
    );
  }

  #started(worker: LivingWorker): void {
    // Those of the start are set up when the ports are known.
    if (this.#isSetUp) this.#setUp(worker);
  }

  #setUp(worker: LivingWorker): void {
    const [media, config] = [this.#media, this.#config];
    if (this.#mesh === null || this.#feed === null) return;
    const setup = workerSetup({
      self: this.#mesh.id,
      address: worker.process.address,
      config,
      secrets: this.#secrets,
      media: {
        ...media,
        ...(media.tls !== undefined &&
          this.#certificates !== null && { tls: { ...media.tls, inUse: this.#certificates.inUse } }),
      },
      ports: this.ports,
      logLevel: this.#logLevel,
    });
    worker.process.post({ kind: 'set-up', setup });
    this.#unfinished.set(worker, new Unfinished());
    if (this.#isRefusing) worker.process.post({ kind: 'refuse-publishers', forwards: this.#isForwarding });
    this.#tellAroundTo(worker);
    this.#unfollow.set(worker, this.#feed.follow(worker.process));
  }

  #take(worker: LivingWorker, message: FromWorker): void {
    const { log } = this.#options;
    if (message.kind === 'claim') this.#claim(worker, message.claim);
    else if (message.kind === 'release') {
      if (this.#claims.release(worker, message.key)) this.#disown(message.key);
    } else if (message.kind === 'log') {
      const fields = { worker: worker.process.address.worker, ...message.fields };
      log[message.level](fields, message.msg);
    } else if (message.kind === 'event') {
      this.#unfinished.get(worker)?.note(message.event);
      this.#tellEvent(message.event);
    } else if (message.kind === 'told') this.#lookAround();
    else if (message.kind === 'ready') {
      log.info({ worker: worker.process.address.worker, pid: worker.process.pid }, 'worker ready');
      this.#tellAround();
    }
  }

  #tellEvent(event: MediaEvent): void {
    for (const listener of this.#eventListeners) listener(event);
  }

  #claim(worker: LivingWorker, claim: Parameters<Mesh['claim']>[0]): void {
    const { key } = claim;
    const policy = publishPolicyOf(key, this.#config);
    const claimed = this.#claims.claim(worker, claim, policy);
    if (!claimed.stands) {
      const reason = policy === 'takeover' ? 'taken-over' : 'already-published';
      worker.process.post({ kind: 'end-publisher', key, sinceMs: claim.sinceMs, reason });
      return;
    }
    const { ended } = claimed;
    if (ended !== null) {
      const { sinceMs } = ended.claim;
      ended.worker.process.post({ kind: 'end-publisher', key, sinceMs, reason: 'taken-over' });
    }
    this.#mesh?.claim(claim);
    this.#feed?.own(claim, worker.process.address);
  }

  #disown(key: string): void {
    this.#mesh?.release(key);
    this.#feed?.disown(key);
  }

  #ended(worker: LivingWorker, reason: string, restartMs: number | null): void {
    this.#unfollow.get(worker)?.();
    this.#unfollow.delete(worker);
    const tally = new MediaTally();
    for (const event of this.#unfinished.get(worker)?.ended() ?? []) {
      tally.take(event);
      this.#tellEvent(event);
    }
    this.#unfinished.delete(worker);
    this.#faultsBefore += worker.process.told.faults;
    for (const figures of [worker.process.told.figures, tally.figures({}, {})])
      this.#figuresBefore = addFigures(this.#figuresBefore, endedFigures(figures));
    const keys = this.#claims.releaseAll(worker);
    if (!this.#isStopped) for (const key of keys) this.#disown(key);
    if (this.#isStopped) return;
    this.#feed?.flush();
    const { address, open } = worker.process;
    const fields = { worker: address.worker, reason, connections: open, streams: keys.length };
    if (restartMs === null) this.#options.log.info(fields, 'worker ended');
    else this.#options.log.warn({ ...fields, restartMs }, 'worker ended');
    this.#startEnds += 1;
    if (this.#startEnds >= START_ENDS_MAX)
      this.#failed?.(
        new HeadwaterError(
          'WORKERS_UNUSABLE',
          `media worker ${address.worker} ended at its start: ${reason}`,
        ),
      );
    this.#tellAround();
  }

  /** What all workers have to know at once. */
  #lookAround(): void {
    const { isFull } = this.told();
    const isDisputed = this.#mesh?.disputed != null;
    if (isFull === this.#isFull && isDisputed === this.#isDisputed) return;
    this.#tellAround();
  }

  #tellAround(): void {
    this.#isFull = this.told().isFull;
    this.#isDisputed = this.#mesh?.disputed != null;
    for (const worker of this.#pool.all) this.#tellAroundTo(worker);
  }

  #tellAroundTo({ process }: LivingWorker): void {
    const connections = this.#pool.connectionsBeside(process);
    const around = {
      connections,
      isFull: this.#isFull,
      isDisputed: this.#isDisputed,
      listening: this.#pool.listening,
    };
    process.post({ kind: 'around', around });
  }
}

const OFF: ListenAt = { host: '', port: null };
