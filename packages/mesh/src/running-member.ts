import type {
  Claim,
  DirectoryView,
  MemberId,
  MemberLoad,
  MemberProfile,
  MemberState,
  StreamKey,
  StreamKeys,
} from '@headwater/directory';
import { checkSeeds } from './check-seeds.js';
import { BOUNDS } from './core/bounds.js';
import type { Effects } from './core/effects.js';
import type { Input } from './core/input.js';
import { TICK_MS } from './core/limits.js';
import type { MemberCore } from './core/member-core.js';
import type { DirectMessage } from './core/messages.js';
import { HeavyMessages } from './heavy-messages.js';
import type { MemberView, Mesh, MeshDisputed, MeshLog, MeshSettings, MeshStatus } from './mesh.js';
import { type MeshFigures, MessageCounts } from './mesh-figures.js';
import { meshKeys } from './mesh-key.js';
import { OwnersListeners } from './owners-listeners.js';
import type { Answer, Answers, AskOptions, QuestionHandler } from './query/mesh-questions.js';
import type { QueryStreams } from './query/query-streams.js';
import { QuestionsOfMember } from './query/questions-of-member.js';
import type { Transport, TransportEvents } from './transport/transport.js';
import { type Decoded, decodeBroadcast, decodeDirect, encode } from './wire/codec.js';
import { isOfLaterFormat, type Opened, type Opener, type Sealer } from './wire/envelope.js';

/** How long a member is refused whose input made this one fail: it would send the same again at once. */
const FAULT_REFUSE_MS = 10_000;

/** What is kept on disk at a stop must not keep a member from leaving. */
const CLOSE_FIRST_MS = 1_000;

const DISPUTED =
  'another process runs with the identity key of this member; give each origin a dataDir of its own';

/**
 * The shell around the core: gives it time and what the transport brings, and carries out its effects. All decisions
 * are the core's.
 */
export class RunningMember implements Mesh {
  readonly transportEvents: TransportEvents;
  readonly #sealer: Sealer;
  readonly #opener: Opener;
  readonly #log: MeshLog;
  readonly #host: string;
  readonly #keepGeneration: (generation: number) => Promise<void>;
  readonly #ownersListeners: OwnersListeners;
  readonly #heavy: HeavyMessages;
  readonly #questions: QuestionsOfMember;
  readonly #memberListeners = new Set<(member: MemberView) => void>();
  readonly #forgottenListeners = new Set<(meshAddresses: readonly string[]) => void>();
  /** What the transport brought while effects were being carried out, or before the start. */
  readonly #waiting: Input[] = [];
  #running: { readonly core: MemberCore; readonly transport: Transport } | null = null;
  #depth = 0;
  #faults = 0;
  #offences = 0;
  /** Seeds that lead to this member itself. */
  readonly #ownSeeds = new Set<string>();
  readonly #received = new MessageCounts();
  readonly #sent = new MessageCounts();
  #ticks: NodeJS.Timeout | null = null;
  #flush: { readonly timer: NodeJS.Timeout; readonly at: number } | null = null;
  #stopped: Promise<void> | null = null;
  #closeFirst: () => Promise<void> = () => Promise.resolve();

  /** `keepGeneration`: puts a newer generation of this member on disk. `host`: where its mesh listens. */
  constructor(
    sealer: Sealer,
    opener: Opener,
    log: MeshLog,
    keepGeneration: (generation: number) => Promise<void> = () => Promise.resolve(),
    host = '127.0.0.1',
  ) {
    this.#host = host;
    this.#keepGeneration = keepGeneration;
    this.#sealer = sealer;
    this.#opener = opener;
    this.#log = log;
    this.#questions = new QuestionsOfMember(log, () => performance.now());
    this.#ownersListeners = new OwnersListeners((error) => this.#logFault(error));
    this.#heavy = new HeavyMessages((peer, bytes) =>
      this.#fenced(peer, () => this.#direct(peer, bytes), undefined),
    );
    this.transportEvents = {
      connected: (peer, from) => this.#feed({ kind: 'connected', peer, from }),
      disconnected: (peer, reason) => {
        this.#questions.forget(peer);
        this.#feed({ kind: 'disconnected', peer, reason });
      },
      dialFailed: (peer, reason, startedAt) => this.#feed({ kind: 'dial-failed', peer, reason, startedAt }),
      seedVisited: (seed, outcome) => {
        if (outcome.isSelf) this.#ownSeeds.add(seed);
        else this.#ownSeeds.delete(seed);
        this.#feed({ kind: 'seed-visited', seed, outcome });
      },
      offence: (peer, reason) => this.#feed({ kind: 'offence', peer, reason }),
      direct: (peer, bytes) => this.#heavy.take(peer, bytes),
      broadcast: (bytes, via) => this.#fenced(via, () => this.#broadcast(bytes, via), false),
    };
  }

  /** `queries`: how members ask each other; absent: this one neither asks nor answers. */
  start(core: MemberCore, transport: Transport, queries: QueryStreams | null = null): void {
    this.#running = { core, transport };
    const acquainted = {
      self: core.self,
      members: () => core.directory.members(),
      isGreeted: (member: MemberId) => core.peer(member)?.isGreeted === true,
      offence: (peer: MemberId, reason: string) => this.#feed({ kind: 'offence', peer, reason }),
    };
    this.#questions.start(acquainted, queries);
    this.#ticks = setInterval(() => this.#feed({ kind: 'tick' }), TICK_MS);
    this.#feed({ kind: 'tick' });
  }

  get id(): MemberId {
    return this.#core.self;
  }

  get directory(): DirectoryView {
    return this.#core.directory;
  }

  get port(): number {
    return this.#transport.port;
  }

  claim(claim: Claim): void {
    this.#run({ kind: 'claim', claim });
  }

  release(key: StreamKey): void {
    this.#run({ kind: 'release', key });
  }

  setProfile(profile: MemberProfile): void {
    this.#run({ kind: 'profile', profile });
  }

  setLoad(load: MemberLoad): void {
    this.#run({ kind: 'load', load });
  }

  configure({ seeds, key, order = 'primary' }: MeshSettings): void {
    checkSeeds(seeds);
    const keys = meshKeys(key, this.#host);
    this.#transport.setKeys?.(keys);
    this.#run({ kind: 'configured', seeds, order });
  }

  members(): readonly MemberView[] {
    return [...this.#core.directory.members()].map((state) => this.#view(state));
  }

  member(id: MemberId): MemberView | undefined {
    const state = this.#core.directory.member(id);
    return state === undefined ? undefined : this.#view(state);
  }

  isOwnSeed(seed: string): boolean {
    return this.#ownSeeds.has(seed);
  }

  status(): MeshStatus {
    const { isJoined, isSynced, waitingFor } = this.#core;
    const disputed = this.#core.disputed !== null;
    const why = disputed ? DISPUTED : waitingFor;
    return { joined: isJoined, synced: isSynced, disputed, ...(why !== null && { waitingFor: why }) };
  }

  figures(): MeshFigures {
    const network = this.#transport.gauges;
    return {
      received: this.#received.totals,
      sent: this.#sent.totals,
      offences: this.#offences,
      faults: this.#faults,
      held: this.#core.gauges,
      bounds: BOUNDS,
      ...(network !== undefined && { network }),
    };
  }

  get disputed(): MeshDisputed | null {
    const { disputed } = this.#core;
    if (disputed === null) return null;
    const { since, generation, by } = disputed;
    const names = by.map((id) => this.#core.directory.member(id)?.profile?.name ?? id);
    return { sinceMs: Math.round(performance.timeOrigin + since), generation, by: names };
  }

  onOwnersChanged(listener: (key: StreamKey) => void, interest: StreamKeys): () => void {
    return this.#ownersListeners.add(listener, interest);
  }

  onMemberChanged(listener: (member: MemberView) => void): () => void {
    this.#memberListeners.add(listener);
    return () => this.#memberListeners.delete(listener);
  }

  ask(member: MemberId, kind: string, payload: unknown, options?: AskOptions): Promise<Answer> {
    return this.#questions.ask(member, kind, payload, options);
  }

  askAll(kind: string, payload: unknown, options?: AskOptions): Promise<Answers> {
    return this.#questions.askAll(kind, payload, options);
  }

  onQuestion(kind: string, handler: QuestionHandler): () => void {
    return this.#questions.onQuestion(kind, handler);
  }

  /** Called when a member is forgotten, with the mesh addresses where it was. */
  onMemberForgotten(listener: (meshAddresses: readonly string[]) => void): () => void {
    this.#forgottenListeners.add(listener);
    return () => this.#forgottenListeners.delete(listener);
  }

  /** What is to be closed when this member leaves; its first step sees the mesh as it was. Must not reject. */
  atStop(close: () => Promise<void>): void {
    this.#closeFirst = close;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (this.#ticks) clearInterval(this.#ticks);
    const closedFirst = this.#closeFirst();
    try {
      this.#run({ kind: 'leave' });
    } catch (error) {
      const err = error instanceof Error ? error : new Error(String(error));
      this.#log.error({ err }, 'mesh did not say leave');
    }
    if (this.#flush) clearTimeout(this.#flush.timer);
    this.#heavy.stop();
    this.#questions.stop();
    this.#ownersListeners.stop();
    await Promise.all([withinMs(closedFirst, CLOSE_FIRST_MS), this.#transport.close()]);
  }

  get #core(): MemberCore {
    if (this.#running === null) throw new Error('the mesh was used before it was started');
    return this.#running.core;
  }

  get #transport(): Transport {
    if (this.#running === null) throw new Error('the mesh was used before it was started');
    return this.#running.transport;
  }

  #direct(peer: MemberId, bytes: Uint8Array): void {
    const message = this.#accept(peer, decodeDirect(bytes, peer));
    if (message === null) return;
    this.#received.count(message.kind, bytes.byteLength);
    this.#feed({ kind: 'direct', peer, message });
  }

  #broadcast(bytes: Uint8Array, via: MemberId): boolean {
    const opened = this.#open(bytes, via, 'broadcast without a valid signature');
    if (opened === null) return false;
    const decoded = decodeBroadcast(opened.message, opened.author);
    const message = this.#accept(opened.author, decoded);
    if (message !== null) {
      this.#received.count(`broadcast-${message.kind}`, bytes.byteLength);
      this.#feed({ kind: 'broadcast', author: opened.author, message, signedBytes: bytes });
    }
    // What means nothing here may mean something to a member of a later version.
    return decoded.kind !== 'malformed';
  }

  #send(to: MemberId, message: DirectMessage): void {
    const bytes = encode(message, this.#core.peer(to)?.version ?? undefined);
    this.#sent.count(message.kind, bytes.byteLength);
    this.#transport.send(to, bytes);
  }

  #verify(via: MemberId, signedBytes: Uint8Array): void {
    const opened = this.#open(signedBytes, via, 'handed on words without a valid signature');
    if (opened === null) return;
    const { author } = opened;
    const message = this.#accept(author, decodeBroadcast(opened.message, author));
    if (message?.kind === 'delta') this.#feed({ kind: 'handed-on', peer: via, author, message, signedBytes });
    else if (message !== null)
      this.#feed({ kind: 'offence', peer: via, reason: 'handed on what is no news' });
  }

  /** Null where it is not genuine, which is the giver's offence, or where that can't be told here. */
  #open(envelope: Uint8Array, via: MemberId, offence: string): Opened | null {
    const opened = this.#opener.open(envelope);
    if (opened === null && !isOfLaterFormat(envelope))
      this.#feed({ kind: 'offence', peer: via, reason: offence });
    return opened;
  }

  #accept<T>(from: MemberId, decoded: Decoded<T>): T | null {
    if (decoded.kind === 'message') return decoded.message;
    if (decoded.kind === 'malformed') this.#feed({ kind: 'offence', peer: from, reason: decoded.reason });
    return null;
  }

  /** From the transport, which may call back while effects are being carried out. */
  #feed(input: Input): void {
    this.#waiting.push(input);
    if (this.#depth > 0 || this.#running === null) return;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const input = next;
      const peer = 'peer' in input ? input.peer : 'author' in input ? input.author : null;
      if (peer === null) this.#run(input);
      else this.#fenced(peer, () => this.#run(input), undefined);
    }
  }

  /**
   * What a member sends must not end this process, whatever is wrong here: it costs that member its connection. What
   * throws without a member's doing is left to end the process.
   */
  #fenced<T>(peer: MemberId, act: () => T, otherwise: T): T {
    try {
      return act();
    } catch (error) {
      this.#faults += 1;
      const err = error instanceof Error ? error : new Error(String(error));
      this.#log.error({ peer, faults: this.#faults, err }, 'connection with a member ended by a fault');
      this.#running?.transport.disconnect(peer, 'fault', FAULT_REFUSE_MS);
      return otherwise;
    }
  }

  #run(input: Input): void {
    const core = this.#core;
    if (input.kind === 'offence') this.#offences += 1;
    const effects = core.step(input, performance.now());
    this.#depth += 1;
    try {
      this.#carryOut(effects);
    } finally {
      this.#depth -= 1;
    }
    this.#planFlush(core);
  }

  #carryOut(effects: Effects): void {
    const transport = this.#transport;
    for (const { level, fields, msg } of effects.facts) this.#log[level](fields, msg);
    for (const { to, message } of effects.sends) this.#send(to, message);
    for (const { via, signedBytes } of effects.verifications) this.#verify(via, signedBytes);
    for (const message of effects.broadcasts) {
      const bytes = this.#sealer.seal(encode(message));
      this.#sent.count(`broadcast-${message.kind}`, bytes.byteLength);
      transport.broadcast(bytes);
    }
    for (const { peer, addresses, startedAt } of effects.dials) transport.dial(peer, addresses, startedAt);
    for (const seed of effects.visits) transport.visit(seed);
    for (const { peer, reason, refuseMs } of effects.disconnects)
      transport.disconnect(peer, reason, refuseMs);
    if (effects.generation !== null) this.#takeGeneration(effects.generation);
    for (const { addresses } of effects.forgotten) this.#tell(this.#forgottenListeners, addresses);
    this.#ownersListeners.tell(effects.changedStreams);
    for (const id of effects.changedMembers) {
      const state = this.#core.directory.member(id);
      if (state) this.#tell(this.#memberListeners, this.#view(state));
    }
  }

  /** Kept first, so that no later start has an older one. Where it can't be kept, the clock will be past it by then. */
  #takeGeneration(generation: number): void {
    this.#keepGeneration(generation)
      .catch((error: Error) => {
        const hint =
          'free space in dataDir or make it writable: the next start counts generations on from this file';
        this.#log.warn({ generation, reason: error.message, hint }, 'generation not kept');
      })
      .then(() => this.#feed({ kind: 'generation-kept', generation }));
  }

  /** A listener's fault is not the mesh's. */
  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#logFault(error);
      }
    }
  }

  #logFault(error: unknown): void {
    this.#log.error({ reason: error instanceof Error ? error.stack : String(error) }, 'mesh listener failed');
  }

  #planFlush(core: MemberCore): void {
    const at = core.flushAt;
    if (at === null || this.#stopped !== null || (this.#flush !== null && this.#flush.at <= at)) return;
    if (this.#flush !== null) clearTimeout(this.#flush.timer);
    const timer = setTimeout(
      () => {
        this.#flush = null;
        this.#feed({ kind: 'tick' });
      },
      Math.max(0, at - performance.now()),
    );
    this.#flush = { timer, at };
  }

  #view(state: MemberState): MemberView {
    const core = this.#core;
    const isSelf = state.id === core.self;
    const peer = core.peer(state.id);
    return {
      id: state.id,
      isSelf,
      generation: state.position.generation,
      version: state.position.version,
      liveness: state.liveness,
      profile: state.profile,
      load: state.load,
      streams: state.claims,
      connected: isSelf || peer?.isConnected === true,
      through: state.liveness === 'unreachable' ? state.through : [],
      meshAddresses: isSelf ? core.addresses : (peer?.addresses ?? []),
      ...(peer?.whereabouts.dialled !== undefined && { dialledAt: peer.whereabouts.dialled }),
      ...(peer?.whereabouts.remoteIp !== undefined && { remoteIp: peer.whereabouts.remoteIp }),
      ...(peer?.rttMs != null && { rttMs: peer.rttMs }),
    };
  }
}

/** Resolves when the work is done, or after that time. */
async function withinMs(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
