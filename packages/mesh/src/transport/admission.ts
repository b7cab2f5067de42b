import type { MemberId } from '@headwater/directory';
import type { MeshLog } from '../mesh.js';
import type { GuardEvents } from './guarded-tcp.js';
import { HandshakeReports } from './handshake-reports.js';
import type { Direction, HandshakeEvents } from './keyed-noise.js';

/** Who gets in, and what is noted about those that do not. */
export class Admission implements HandshakeEvents, GuardEvents {
  readonly #self: MemberId;
  readonly #reports: HandshakeReports;
  readonly #now: () => number;
  readonly #refusedUntil = new Map<MemberId, number>();
  #selfMet = 0;
  #pending = 0;

  constructor(self: MemberId, log: MeshLog, now: () => number) {
    this.#self = self;
    this.#reports = new HandshakeReports(log);
    this.#now = now;
  }

  /** How often this process was dialled by itself. */
  get selfMet(): number {
    return this.#selfMet;
  }

  /** Connections of others that are not secured yet. */
  get pendingConnections(): number {
    return this.#pending;
  }

  /** What failed with the keys before says nothing of these. */
  keysReplaced(): void {
    this.#reports.begin();
  }

  refuse(peer: MemberId, forMs: number): void {
    const now = this.#now();
    for (const [other, until] of this.#refusedUntil) if (until <= now) this.#refusedUntil.delete(other);
    if (forMs > 0) this.#refusedUntil.set(peer, now + forMs);
  }

  isRefused(peer: MemberId): boolean {
    return (this.#refusedUntil.get(peer) ?? 0) > this.#now();
  }

  answered(peer: MemberId): void {
    if (peer === this.#self) this.#selfMet += 1;
  }

  stranger(remote: string): void {
    this.#reports.stranger(remote);
  }

  keyDiffers(direction: Direction, remote: string): void {
    this.#reports.keyDiffers(direction, remote);
  }

  undecryptable(direction: Direction, remote: string): void {
    this.#reports.undecryptable(direction, remote);
  }

  pending(count: number): void {
    this.#pending = count;
  }

  brokenOff(direction: Direction, remote: string, reason: string): void {
    this.#reports.brokenOff(direction, remote, reason);
  }
}
