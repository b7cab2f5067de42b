import type {
  Claim,
  DirectoryView,
  MemberId,
  MemberLoad,
  MemberProfile,
  MemberState,
  StreamKey,
} from '@headwater/directory';
import type { Effects } from './core/effects.js';
import type { Input } from './core/input.js';
import { TICK_MS } from './core/limits.js';
import type { MemberCore } from './core/member-core.js';
import type { MemberView, Mesh, MeshDisputed, MeshLog, MeshStatus } from './mesh.js';
import type { Transport, TransportEvents } from './transport/transport.js';
import { type Decoded, decodeBroadcast, decodeDirect, encode } from './wire/codec.js';
import type { Opener, Sealer } from './wire/envelope.js';

/**
 * The shell around the core: gives it time and what the transport brings, and carries out its effects. All decisions
 * are the core's.
 */
export class RunningMember implements Mesh {
  readonly transportEvents: TransportEvents;
  readonly #sealer: Sealer;
  readonly #opener: Opener;
  readonly #log: MeshLog;
  readonly #keepGeneration: (generation: number) => Promise<void>;
  readonly #ownersListeners = new Set<(key: StreamKey) => void>();
  readonly #memberListeners = new Set<(member: MemberView) => void>();
  readonly #forgottenListeners = new Set<(meshAddresses: readonly string[]) => void>();
  /** What the transport brought while effects were being carried out, or before the start. */
  readonly #waiting: Input[] = [];
  #running: { readonly core: MemberCore; readonly transport: Transport } | null = null;
  #depth = 0;
  #ticks: NodeJS.Timeout | null = null;
  #flush: NodeJS.Timeout | null = null;
  #stopped: Promise<void> | null = null;
  #closeFirst: () => Promise<void> = () => Promise.resolve();

  /** `keepGeneration`: puts a newer generation of this member on disk. */
  constructor(
    sealer: Sealer,
    opener: Opener,
    log: MeshLog,
    keepGeneration: (generation: number) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#keepGeneration = keepGeneration;
    this.#sealer = sealer;
    this.#opener = opener;
    this.#log = log;
    this.transportEvents = {
      connected: (peer, from) => this.#feed({ kind: 'connected', peer, from }),
      disconnected: (peer, reason) => this.#feed({ kind: 'disconnected', peer, reason }),
      dialFailed: (peer, reason) => this.#feed({ kind: 'dial-failed', peer, reason }),
      seedVisited: (seed, outcome) => this.#feed({ kind: 'seed-visited', seed, outcome }),
      offence: (peer, reason) => this.#feed({ kind: 'offence', peer, reason }),
      direct: (peer, bytes) => this.#direct(peer, bytes),
      broadcast: (bytes, via) => this.#broadcast(bytes, via),
    };
  }

  start(core: MemberCore, transport: Transport): void {
    this.#running = { core, transport };
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

  members(): readonly MemberView[] {
    return [...this.#core.directory.members()].map((state) => this.#view(state));
  }

  status(): MeshStatus {
    const { isJoined, isSynced, waitingFor } = this.#core;
    return { joined: isJoined, synced: isSynced, ...(waitingFor !== null && { waitingFor }) };
  }

  get disputed(): MeshDisputed | null {
    const { disputed } = this.#core;
    if (disputed === null) return null;
    const { since, generation, by } = disputed;
    const names = by.map((id) => this.#core.directory.member(id)?.profile?.name ?? id);
    return { sinceMs: Math.round(performance.timeOrigin + since), generation, by: names };
  }

  onOwnersChanged(listener: (key: StreamKey) => void): () => void {
    this.#ownersListeners.add(listener);
    return () => this.#ownersListeners.delete(listener);
  }

  onMemberChanged(listener: (member: MemberView) => void): () => void {
    this.#memberListeners.add(listener);
    return () => this.#memberListeners.delete(listener);
  }

  /** Called when a member is forgotten, with the mesh addresses where it was. */
  onMemberForgotten(listener: (meshAddresses: readonly string[]) => void): () => void {
    this.#forgottenListeners.add(listener);
    return () => this.#forgottenListeners.delete(listener);
  }

  /** What is to be closed before this member leaves. */
  atStop(close: () => Promise<void>): void {
    this.#closeFirst = close;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#closeFirst();
    if (this.#ticks) clearInterval(this.#ticks);
    this.#run({ kind: 'leave' });
    if (this.#flush) clearTimeout(this.#flush);
    await this.#transport.close();
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
    if (message !== null) this.#feed({ kind: 'direct', peer, message });
  }

  #broadcast(bytes: Uint8Array, via: MemberId): boolean {
    const opened = this.#opener.open(bytes);
    if (opened === null) {
      this.#feed({ kind: 'offence', peer: via, reason: 'broadcast without a valid signature' });
      return false;
    }
    const message = this.#accept(opened.author, decodeBroadcast(opened.message, opened.author));
    if (message !== null)
      this.#feed({ kind: 'broadcast', author: opened.author, message, signedBytes: bytes });
    return message !== null;
  }

  #verify(via: MemberId, signedBytes: Uint8Array): void {
    const opened = this.#opener.open(signedBytes);
    if (opened === null) {
      this.#feed({ kind: 'offence', peer: via, reason: 'handed on words without a valid signature' });
      return;
    }
    const { author } = opened;
    const message = this.#accept(author, decodeBroadcast(opened.message, author));
    if (message?.kind === 'delta') this.#feed({ kind: 'handed-on', peer: via, author, message, signedBytes });
    else if (message !== null)
      this.#feed({ kind: 'offence', peer: via, reason: 'handed on what is no news' });
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
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#run(next);
  }

  #run(input: Input): void {
    const core = this.#core;
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
    for (const { to, message } of effects.sends) transport.send(to, encode(message));
    for (const { via, signedBytes } of effects.verifications) this.#verify(via, signedBytes);
    for (const message of effects.broadcasts) transport.broadcast(this.#sealer.seal(encode(message)));
    for (const { peer, addresses } of effects.dials) transport.dial(peer, addresses);
    for (const seed of effects.visits) transport.visit(seed);
    for (const { peer, reason, refuseMs } of effects.disconnects)
      transport.disconnect(peer, reason, refuseMs);
    if (effects.generation !== null) this.#takeGeneration(effects.generation);
    for (const { addresses } of effects.forgotten) this.#tell(this.#forgottenListeners, addresses);
    for (const key of effects.changedStreams) this.#tell(this.#ownersListeners, key);
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
        this.#log.error(
          { reason: error instanceof Error ? error.stack : String(error) },
          'mesh listener failed',
        );
      }
    }
  }

  #planFlush(core: MemberCore): void {
    if (this.#flush !== null || core.flushAt === null || this.#stopped !== null) return;
    this.#flush = setTimeout(
      () => {
        this.#flush = null;
        this.#feed({ kind: 'tick' });
      },
      Math.max(0, core.flushAt - performance.now()),
    );
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
      meshAddresses: isSelf ? core.addresses : (peer?.addresses ?? []),
      ...(peer?.rttMs != null && { rttMs: peer.rttMs }),
    };
  }
}
