import type { MeshLog } from '../mesh.js';
import type { Direction } from './keyed-noise.js';

/** Remotes remembered. */
const REMOTES_MAX = 1_024;

/**
 * Who dialled may have been stopped before it offered its last key; that it happens again and again is no accident.
 */
const INBOUND_MIN = 2;

const HINT =
  'set the same mesh.key (HEADWATER_MESH_KEY) on every member, and reload or restart the one that differs';

/** Says once per remote, clearly, why a handshake failed, however often it is tried again. */
export class HandshakeReports {
  readonly #log: MeshLog;
  readonly #counts = new Map<string, number>();

  constructor(log: MeshLog) {
    this.#log = log;
  }

  /** Something on the mesh port, or behind an address of a seed, that speaks no mesh. `remote`: a multiaddr. */
  stranger(remote: string): void {
    const host = addressOf('inbound', remote);
    const count = this.#count(`stranger ${host}`);
    const reason = 'what it sent is nothing that a member of this release sends';
    if (isRound(count)) this.#log.warn({ remote: host, count, reason }, 'stranger on the mesh port');
  }

  /** Neither side holds a mesh key of the other. */
  keyDiffers(direction: Direction, remote: string): void {
    const address = addressOf(direction, remote);
    const count = this.#count(`key ${direction} ${address}`);
    if (count !== (direction === 'inbound' ? INBOUND_MIN : 1)) return;
    const reason = 'mesh.key differs between this member and that one';
    this.#log.error({ remote: address, direction, reason, hint: HINT }, 'mesh handshake refused');
  }

  /** It named a key of ours, and did not prove to have it. */
  undecryptable(direction: Direction, remote: string): void {
    const address = addressOf(direction, remote);
    const count = this.#count(`undecryptable ${direction} ${address}`);
    const reason =
      'what it sent cannot be decrypted: damaged on the way, or from somebody who names our mesh.key without having it';
    if (isRound(count))
      this.#log.warn({ remote: address, direction, count, reason }, 'mesh handshake failed');
  }

  brokenOff(direction: Direction, remote: string, reason: string): void {
    this.#log.debug({ remote: addressOf(direction, remote), direction, reason }, 'mesh handshake failed');
  }

  /** Counts anew, and tells again. */
  begin(): void {
    this.#counts.clear();
  }

  #count(name: string): number {
    if (this.#counts.size >= REMOTES_MAX) this.#counts.clear();
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count;
  }
}

const isRound = (count: number): boolean => Number.isInteger(Math.log2(count));

/** Of a multiaddr; the port that an inbound connection comes from says nothing and is left out. */
function addressOf(direction: Direction, remote: string): string {
  const [, , host = remote, , port] = remote.split('/');
  return direction === 'outbound' ? `${host}:${port}` : host;
}
