import '../lose-warnings.js';
import { Socket } from 'node:net';
import { type OwnerPolicy, ownerOrder } from '@headwater/directory';
import { createGuard, type Guard } from '@headwater/guard';
import { createMedia, type Media, MediaTally } from '@headwater/media';
import { cpuSeconds } from '../cpu-seconds.js';
import { ENDS_TOLD_MS } from '../guard-config.js';
import { QuietLog } from '../log/quiet-log.js';
import { firstKeys } from '../plane/first-keys.js';
import { asksOfClients } from '../plane/one-process.js';
import { streamTotalsOf } from '../plane/stream-totals.js';
import { residentMemory } from '../resident-memory.js';
import { MAIN_LOOK_MS, MainWatch } from './main-watch.js';
import type { FromWorker, Handover, Questions, ToWorker, WorkerSetup } from './messages.js';
import { OwnDelay } from './own-delay.js';
import { tellEvents } from './tell-events.js';
import { Wire } from './wire.js';
import { WorkerHost } from './worker-host.js';
import { WorkerLog } from './worker-log.js';

/** Where main has opened the pipes for messages; 3 is Node's own, for connections. */
const [FROM_MAIN_FD, TO_MAIN_FD] = [4, 5];
/** Ends, and counts of connections, are told so often, ms. */
const COUNT_EVERY_MS = 20;
const EXIT_FAULT = 70;
/** Main says nothing. */
const EXIT_ALONE = 75;
/** How long last words may take. */
const LAST_WORDS_MS = 500;

/** What a worker has once it is set up. */
interface Running {
  readonly media: Media;
  readonly guard: Guard;
  readonly host: WorkerHost;
  readonly log: QuietLog;
  readonly delay: OwnDelay;
  readonly order: { policy: OwnerPolicy; readonly zone: string | undefined };
}

/** A media worker: a process of its own, begun by main and ended with it. */
class Worker {
  readonly #wire: Wire<FromWorker, ToWorker>;
  #log: WorkerLog;
  #running: Running | null = null;
  #isListening = false;
  readonly #residentBytes = residentMemory();
  #taken: number[] = [];
  #closed: string[] = [];
  #isCountDue = false;
  readonly #main = new MainWatch(performance.now());
  #isEnding = false;

  constructor() {
    const input = new Socket({ fd: FROM_MAIN_FD, readable: true, writable: false });
    const output = new Socket({ fd: TO_MAIN_FD, readable: false, writable: true });
    input.once('close', endWithMain);
    this.#wire = new Wire(
      input,
      output,
      (message) => this.#take(message),
      () => process.exit(EXIT_FAULT),
    );
    this.#log = this.#logOf('info');
    setInterval(() => this.#lookAtMain(), MAIN_LOOK_MS);
  }

  handed(handover: Handover, socket: Socket): void {
    const running = this.#running;
    const { id, address, listener, elsewhere } = handover;
    const counted = countedAddress(handover);
    this.#taken.push(id);
    this.#countSoon();
    socket.once('close', () => {
      this.#closed.push(counted);
      this.#countSoon();
    });
    if (running === null || !this.#isListening) {
      socket.destroy();
      return;
    }
    running.delay.serves(true);
    running.host.elsewhere(address, elsewhere);
    running.media.take(listener, socket);
  }

  /** It was gone before it came over. */
  handedNothing(handover: Handover): void {
    this.#taken.push(handover.id);
    this.#closed.push(countedAddress(handover));
    this.#countSoon();
  }

  async fault(error: unknown, kind: string): Promise<void> {
    const err = error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
    this.#log.fatal({ err, kind }, 'worker ended by a fault');
    await this.#end(EXIT_FAULT);
  }

  #logOf(level: string): WorkerLog {
    return new WorkerLog(
      level,
      (line) => this.#wire.post(line),
      () => this.#wire.backlogBytes,
    );
  }

  #take(message: ToWorker): void {
    // From the first one on: main says something each second.
    this.#main.heard(performance.now());
    switch (message.kind) {
      case 'set-up':
        this.#setUp(message.setup);
        return;
      case 'directory':
        this.#running?.host.take(message.changes);
        if (this.#running?.host.replica.isComplete === true) void this.#listen();
        return;
      case 'around':
        this.#running?.host.around(message.around);
        return;
      case 'ping':
        this.#wire.post({ kind: 'pong', id: message.id });
        // With the answer, so that main is woken once.
        this.#tell();
        return;
      case 'ask':
        void this.#answer(message.id, message.question, message.given);
        return;
      case 'refuse-publishers':
        this.#running?.media.refusePublishers(message.forwards === true);
        return;
      case 'accept-publishers':
        this.#running?.media.acceptPublishers();
        return;
      case 'log-level':
        this.#log.level = message.level;
        return;
      case 'ask-publishers':
        this.#running?.media.askPublishersToReconnect();
        return;
      case 'close-publishers':
        this.#running?.media.closePublishers(message.which);
        return;
      case 'end-publisher':
        this.#running?.media.endPublisher(message.key, message.sinceMs, message.reason);
        return;
      case 'stop':
        void this.#stop(0);
        return;
    }
  }

  #lookAtMain(): void {
    if (!this.#main.isMainSilent(performance.now()) || this.#isEnding) return;
    // Main reads it when it goes on.
    this.#log.error({ reason: 'main-silent' }, 'worker ends');
    void this.#stop(EXIT_ALONE);
  }

  #setUp({
    self,
    media: options,
    guard: rules,
    order,
    zone,
    relayTls,
    relayTree,
    logLevel,
  }: WorkerSetup): void {
    this.#log = this.#logOf(logLevel);
    const log = new QuietLog(this.#log);
    const host = new WorkerHost({
      self,
      order: ownerOrder(order, zone),
      worker: options.worker,
      relayTls,
      relayTree,
      claim: (claim) => this.#wire.post({ kind: 'claim', claim }),
      release: (key) => this.#wire.post({ kind: 'release', key }),
      onFault: (error) => log.error({ err: error }, 'owners listener failed'),
    });
    const tally = new MediaTally();
    const guard = createGuard(rules, {
      log,
      onHookCalled: (event, outcome, tookMs) => tally.hookCalled(event, outcome, tookMs),
    });
    const media = createMedia(options, host.media, log, {
      guard,
      tell: tellEvents(
        (event) => this.#wire.post({ kind: 'event', event }),
        () => this.#wire.backlogBytes,
      ),
      tally,
    });
    const delay = new OwnDelay(options.worker.worker);
    this.#running = { media, guard, host, log, delay, order: { policy: order, zone } };
  }

  /** Once: what changes while it ends opens nothing again. */
  async #listen(): Promise<void> {
    if (this.#isListening || this.#isEnding) return;
    this.#isListening = true;
    await this.#running?.media.start();
    if (this.#isEnding) return;
    this.#tell();
    this.#wire.post({ kind: 'ready' });
  }

  #tell(): void {
    if (this.#running === null) return;
    const { media, delay } = this.#running;
    const { connections, isFull } = media;
    const rssBytes = this.#residentBytes();
    const loopDelay = delay.look();
    delay.serves(connections > 0);
    this.#wire.post({
      kind: 'told',
      told: {
        ...media.load(),
        connections,
        isFull,
        faults: media.faults(),
        rssBytes,
        cpuSeconds: cpuSeconds(),
        figures: delay.addTo(media.figures()),
        loopDelay,
      },
    });
  }

  async #answer(id: number, question: keyof Questions, given: readonly unknown[]): Promise<void> {
    if (this.#running === null) return;
    const answer = answersOf(this.#running)[question] as (...given: readonly unknown[]) => unknown;
    const value = await answer(...given);
    this.#wire.post({ kind: 'answer', id, value });
  }

  #countSoon(): void {
    if (this.#isCountDue) return;
    this.#isCountDue = true;
    const tell = (): void => {
      this.#isCountDue = false;
      const [taken, closed] = [this.#taken, this.#closed];
      this.#taken = [];
      this.#closed = [];
      this.#wire.post({ kind: 'connections', taken, closed });
    };
    // What was taken is waited for; what has ended may wait a little.
    if (this.#taken.length > 0) setImmediate(tell);
    else setTimeout(tell, COUNT_EVERY_MS);
  }

  async #stop(status: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const running = this.#running;
    this.#isListening = false;
    await running?.media.stop();
    await running?.guard.stop(ENDS_TOLD_MS);
    running?.host.stop();
    running?.log.close();
    await this.#end(status);
  }

  async #end(status: number): Promise<void> {
    setTimeout(() => process.exit(status), LAST_WORDS_MS);
    await this.#wire.drained();
    process.exit(status);
  }
}

const countedAddress = ({ isCounted, address }: Handover): string => (isCounted ? address : '');

type Answers = {
  readonly [K in keyof Questions]: (
    ...given: Parameters<Questions[K]>
  ) => ReturnType<Questions[K]> | Promise<ReturnType<Questions[K]>>;
};

function answersOf({ media, guard, host, log, order }: Running): Answers {
  return {
    load: () => media.load(),
    pulls: () => media.pulls(),
    publishersAsked: () => media.publishersAsked(),
    streamKeys: (from, max) => firstKeys(media.streamKeys(), from, max),
    stream: (key, playersMax) => media.stream(key, playersMax) ?? null,
    playerCounts: (keys) => keys.map((key) => media.playerCount(key)),
    streamTotals: (from, max) => streamTotalsOf(media, from, max),
    ...asksOfClients(media),
    // Main has looked at all of it; what cannot be used all the same, such as a file that is gone by now, is told.
    configure: async (settings, rules, policy, relayTree) => {
      try {
        await media.configure(settings);
        guard.configure(rules);
        host.setRelayTree(relayTree);
        if (policy !== order.policy) {
          order.policy = policy;
          host.orderBy(ownerOrder(policy, order.zone));
        }
        return true;
      } catch (error) {
        log.error({ err: error }, 'worker keeps its configuration');
        return false;
      }
    },
  };
}

// What the whole process group or service is told concerns main, which says what to do. Its end is ours.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
  process.on(signal, () => {});
process.on('disconnect', endWithMain);
// Main may have ended while this program was loaded, when nobody listened yet.
if (process.connected !== true) endWithMain();

const worker = new Worker();
process.on('uncaughtException', (error, kind) => void worker.fault(error, kind));
process.on('message', (handover: Handover, socket?: Socket) => {
  if (socket instanceof Socket) worker.handed(handover, socket);
  else worker.handedNothing(handover);
});

function endWithMain(): void {
  process.exit(0);
}
