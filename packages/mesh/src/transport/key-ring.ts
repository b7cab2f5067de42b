import type { ConnectionEncrypter } from '@libp2p/interface';
import type { NoiseComponents } from '@libp2p/noise';
import type { MeshKey } from '../derived-key.js';
import { type HandshakeEvents, keyedNoise } from './keyed-noise.js';

/** What of libp2p chooses how a connection is encrypted. */
interface Choosing {
  /** By the name that is offered; in this order. Looked at anew for each connection. */
  getConnectionEncrypters(): Map<string, ConnectionEncrypter<unknown>>;
}

/**
 * The mesh keys of this member, and what is made of them for libp2p: an encrypter each, offered in their order. They can be
 * replaced while connections stand, which stay. A handshake that is under way with a key that goes is broken off, and who
 * dialled tries again.
 */
export class KeyRing {
  readonly #events: HandshakeEvents;
  #keys: readonly MeshKey[];
  #encrypters: Map<string, ConnectionEncrypter<unknown>> | null = null;
  #components: NoiseComponents | null = null;

  constructor(keys: readonly MeshKey[], events: HandshakeEvents) {
    this.#keys = keys;
    this.#events = events;
  }

  /** In the order in which they are offered. */
  get ids(): readonly string[] {
    return this.#keys.map(({ id }) => id);
  }

  /** For libp2p, when it is made. */
  encrypters(): ((components: NoiseComponents) => ReturnType<ReturnType<typeof keyedNoise>>)[] {
    return this.#keys.map((key) => keyedNoise(key, this.#events));
  }

  /** A service of libp2p, which finds there what `encrypters` became. */
  service(components: NoiseComponents & { readonly upgrader: Choosing }): Record<string, never> {
    this.#components = components;
    this.#encrypters = components.upgrader.getConnectionEncrypters();
    return {};
  }

  replace(keys: readonly MeshKey[]): void {
    const [encrypters, components] = [this.#encrypters, this.#components];
    // Stryker disable next-line ConditionalExpression,LogicalOperator: both are null until `service`, and neither after.
    if (encrypters === null || components === null) throw new Error('libp2p is not made yet');
    const made = keys.map((key) => keyedNoise(key, this.#events)(components));
    encrypters.clear();
    for (const encrypter of made) encrypters.set(encrypter.protocol, encrypter);
    this.#keys = keys;
  }
}
