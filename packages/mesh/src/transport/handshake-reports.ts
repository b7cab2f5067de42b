import type { MeshLog } from '../mesh.js';
import type { HandshakeFailure } from './keyed-noise.js';

/** Remotes remembered. */
const REMOTES_MAX = 1_024;

/** So many handshakes that the other side gave up are no accident any more. */
const GIVEN_UP_MIN = 2;

const HINT = 'set the same mesh.key (HEADWATER_MESH_KEY) on every member and restart the one that differs';

/** Says once per remote, clearly, why a handshake failed, however often it is tried again. */
export class HandshakeReports {
  readonly #log: MeshLog;
  readonly #counts = new Map<string, number>();

  constructor(log: MeshLog) {
    this.#log = log;
  }

  /** Something on the mesh port, or behind an address of a seed, that speaks no mesh. `remote`: a multiaddr. */
  stranger(remote: string): void {
    const [, , host = remote] = remote.split('/');
    const count = this.#count(`stranger ${host}`);
    const fields = { remote: host, count, reason: 'what it sent is nothing that a member sends' };
    if (Number.isInteger(Math.log2(count))) this.#log.warn(fields, 'stranger on the mesh port');
  }

  /** `remote`: a multiaddr; the port that an inbound connection comes from says nothing and is left out. */
  failed(failure: HandshakeFailure, direction: 'inbound' | 'outbound', remote: string): void {
    const [, , host = remote, , port] = remote.split('/');
    const address = direction === 'outbound' ? `${host}:${port}` : host;
    if (failure === 'other') {
      this.#log.debug({ remote: address, direction }, 'mesh handshake failed');
      return;
    }
    const count = this.#count(`${direction} ${address}`);
    if (count !== (failure === 'given-up' ? GIVEN_UP_MIN : 1)) return;
    const reason =
      failure === 'key-differs'
        ? 'mesh.key differs between this member and that one'
        : 'that side gives up in the handshake, as it does when its mesh.key differs from ours';
    this.#log.error({ remote: address, direction, reason, hint: HINT }, 'mesh handshake refused');
  }

  #count(name: string): number {
    if (this.#counts.size >= REMOTES_MAX) this.#counts.clear();
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count;
  }
}
