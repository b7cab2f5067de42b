import type { ComponentLogger, Connection, Logger, MultiaddrConnection, Upgrader } from '@libp2p/interface';

/** A connection that was let through to libp2p. */
export interface Taken {
  readonly connection: MultiaddrConnection;
  readonly options: { readonly signal: AbortSignal; readonly upgrader?: Upgrader };
  /** All that came in. */
  readonly text: () => string;
  /** The handshake is done. */
  readonly end: (made?: Connection) => void;
  readonly fail: (error: Error) => void;
}

/**
 * Takes the place of libp2p above a transport: reads what it is given, and is done when the test says so. As libp2p does, it
 * fails where the connection closes or the signal aborts before.
 */
export class TakingUpgrader {
  readonly taken: Taken[] = [];

  upgradeInbound(connection: MultiaddrConnection, options: Taken['options']): Promise<void> {
    return this.#take(connection, options).then(() => {});
  }

  upgradeOutbound(connection: MultiaddrConnection, options: Taken['options']): Promise<Connection> {
    return this.#take(connection, options);
  }

  #take(connection: MultiaddrConnection, options: Taken['options']): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let text = '';
      connection.addEventListener('message', ({ data }) => {
        text += Buffer.from(data.subarray()).toString('latin1');
      });
      connection.addEventListener('close', ({ error }) => reject(error ?? new Error('closed')));
      options.signal.addEventListener('abort', () => reject(new Error('aborted')));
      const end = (made = {} as Connection): void => resolve(made);
      this.taken.push({ connection, options, text: () => text, end, fail: reject });
    });
  }
}

/** libp2p's log, of which only the errors that it notes are kept, in words. */
export function errorsIn(errors: string[]): ComponentLogger {
  const log: Logger = Object.assign(() => {}, {
    enabled: false,
    error: (_format: unknown, error: unknown) => void errors.push(String(error)),
    trace: () => {},
    newScope: (): Logger => log,
  });
  return { forComponent: () => log };
}
