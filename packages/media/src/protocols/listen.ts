import type { Server } from 'node:net';
import { isAnyIpv4, isWildcard } from '@headwater/directory';
import { type ListenAt, ListenError, type MediaListenerName } from '../media-listeners.js';
import type { MediaLog } from '../media-log.js';

/** What a machine without IPv6 says of `::`: no such family, or it is switched off. */
const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);

/**
 * Opens a listener; `::` takes IPv4 as well, and means all of IPv4 where there is no IPv6. Resolves with the port really
 * bound, 0 where it is off; rejects with `ListenError`. Faults of the server after that are logged.
 */
export async function listen(
  server: Server,
  what: MediaListenerName,
  { host, port }: ListenAt,
  log: MediaLog,
): Promise<number> {
  if (port === null) return 0;
  try {
    await bind(server, host, port);
  } catch (error) {
    const code = codeOf(error);
    if (isAnyIpv4(host) || !isWildcard(host) || !NO_IPV6.has(code))
      throw new ListenError(what, host, port, code);
    await bind(server, '0.0.0.0', port).catch((again) => {
      throw new ListenError(what, '0.0.0.0', port, codeOf(again));
    });
  }
  server.on('error', (error) => log.error({ protocol: what, text: error.message }, 'listener failed'));
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onListening = (): void => {
      server.off('error', onError);
      resolve();
    };
    // Else each try that failed would be heard of by the one that does not.
    const onError = (error: Error): void => {
      server.off('listening', onListening);
      reject(error);
    };
    server.once('error', onError).once('listening', onListening);
    server.listen({ host, port });
  });
}

function codeOf(error: unknown): string {
  const { code, message = String(error) } = error as Partial<NodeJS.ErrnoException>;
  return code ?? message;
}
