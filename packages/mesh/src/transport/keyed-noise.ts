import type { MemberId } from '@headwater/directory';
import type {
  ConnectionEncrypter,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection,
} from '@libp2p/interface';
import { type NoiseComponents, type NoiseExtensions, noise } from '@libp2p/noise';

/**
 * What a failed handshake looks like from here. `key-differs`: the other side has another mesh key, as the dialling side
 * sees at once. `given-up`: the other side closed in the middle of it, as it does when the key differs.
 */
export type HandshakeFailure = 'key-differs' | 'given-up' | 'other';

/** Starts the message of an error that went through libp2p, where only the message comes out again. */
export const KEY_DIFFERS = 'mesh.key differs';

export interface HandshakeEvents {
  failed(failure: HandshakeFailure, direction: 'inbound' | 'outbound', remote: string): void;
  /** Who dialled proved to be `peer`. */
  answered(peer: MemberId): void;
}

type Encrypter = ConnectionEncrypter<NoiseExtensions>;

/** Noise with the mesh key in its prologue, telling why a handshake failed. */
export function keyedNoise(
  prologueBytes: Uint8Array,
  events: HandshakeEvents,
): (components: NoiseComponents) => Encrypter {
  const make = noise({ prologueBytes });
  return (components) => new KeyedNoise(make(components), events);
}

class KeyedNoise implements Encrypter {
  readonly protocol: string;
  readonly #noise: Encrypter;
  readonly #events: HandshakeEvents;

  constructor(inner: Encrypter, events: HandshakeEvents) {
    this.protocol = inner.protocol;
    this.#noise = inner;
    this.#events = events;
  }

  async secureOutbound(
    connection: MessageStream,
    options?: SecureConnectionOptions,
  ): Promise<SecuredConnection<NoiseExtensions>> {
    try {
      return await this.#noise.secureOutbound(connection, options);
    } catch (error) {
      throw this.#explain(error, connection, 'outbound');
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
    } catch (error) {
      throw this.#explain(error, connection, 'inbound');
    }
  }

  #explain(error: unknown, connection: MessageStream, direction: 'inbound' | 'outbound'): Error {
    const cause = error instanceof Error ? error : new Error(String(error));
    const failure = failureOf(cause, direction);
    this.#events.failed(failure, direction, remoteOf(connection));
    return failure === 'key-differs' ? new Error(`${KEY_DIFFERS}: ${cause.message}`) : cause;
  }
}

function failureOf(error: Error, direction: 'inbound' | 'outbound'): HandshakeFailure {
  // Message 2 (to the dialling side) is the first that is encrypted, with the prologue authenticated.
  if (/^handshake stage [12] validation fail/.test(error.message)) return 'key-differs';
  return direction === 'inbound' && !/abort|timeout/i.test(`${error.name} ${error.message}`)
    ? 'given-up'
    : 'other';
}

/** The address behind a connection; libp2p passes the raw connection here, whose type it does not promise. */
const remoteOf = (connection: MessageStream): string =>
  'remoteAddr' in connection ? String(connection.remoteAddr) : 'unknown';
