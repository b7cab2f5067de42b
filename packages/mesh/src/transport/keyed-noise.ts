import type { MemberId } from '@headwater/directory';
import type {
  ConnectionEncrypter,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection,
} from '@libp2p/interface';
import { type NoiseComponents, type NoiseExtensions, noise } from '@libp2p/noise';
import type { MeshKey } from '../derived-key.js';
import { errorOf } from './error-of.js';
import { type NoiseCrypto, nativeX25519 } from './native-x25519.js';
import { noiseProtocol } from './preamble.js';

export type Direction = 'inbound' | 'outbound';

export interface HandshakeEvents {
  /** What the other side sent cannot be decrypted with the key that both had agreed on. `remote`: a multiaddr. */
  undecryptable(direction: Direction, remote: string): void;
  /** It ended before it was done: the other side closed, or took too long, or this process did. */
  brokenOff(direction: Direction, remote: string, reason: string): void;
  /** Who dialled proved to be `peer`. */
  answered(peer: MemberId): void;
}

type Encrypter = ConnectionEncrypter<NoiseExtensions>;

/** Noise with a mesh key in its prologue, under a protocol name that says which key. */
export function keyedNoise(
  key: MeshKey,
  events: HandshakeEvents,
): (components: NoiseComponents) => Encrypter {
  const make = noise({ prologueBytes: key.prologue });
  return (components) => {
    const inner = make(components);
    const { crypto } = inner as unknown as { readonly crypto?: Partial<NoiseCrypto> };
    const native = nativeX25519();
    for (const name of ['generateKeypair', 'dh', 'hkdf'] as const)
      if (typeof crypto?.[name] !== 'function')
        throw new Error('this version of noise keeps its cryptography in another way');
    Object.assign(crypto ?? {}, native);
    return new KeyedNoise(noiseProtocol(key.id), inner, events);
  };
}

class KeyedNoise implements Encrypter {
  readonly protocol: string;
  readonly #noise: Encrypter;
  readonly #events: HandshakeEvents;

  constructor(protocol: string, inner: Encrypter, events: HandshakeEvents) {
    this.protocol = protocol;
    this.#noise = inner;
    this.#events = events;
  }

  async secureOutbound(
    connection: MessageStream,
    options?: SecureConnectionOptions,
  ): Promise<SecuredConnection<NoiseExtensions>> {
    try {
      return await this.#noise.secureOutbound(connection, options);
    } catch (thrown) {
      throw this.#failed(errorOf(thrown), 'outbound', connection);
    }
  }

  async secureInbound(
    connection: MessageStream,
    options?: SecureConnectionOptions,
  ): Promise<SecuredConnection<NoiseExtensions>> {
    try {
      const secured = await this.#noise.secureInbound(connection, options);
      this.#events.answered(secured.remotePeer.toString());
      return secured;
    } catch (thrown) {
      throw this.#failed(errorOf(thrown), 'inbound', connection);
    }
  }

  #failed(error: Error, direction: Direction, connection: MessageStream): Error {
    const reason = error.message;
    const remote = remoteOf(connection);
    // Messages 2 (to the dialling side) and 3 are encrypted, with the prologue authenticated.
    if (/^handshake stage [12] validation fail/.test(reason)) this.#events.undecryptable(direction, remote);
    else this.#events.brokenOff(direction, remote, reason);
    return error;
  }
}

/** The address behind a connection; libp2p passes the raw connection here, whose type it does not promise. */
const remoteOf = (connection: MessageStream): string =>
  'remoteAddr' in connection ? String(connection.remoteAddr) : 'unknown';
