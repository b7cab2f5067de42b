import type { Socket } from 'node:net';
import type { MultiaddrConnection } from '@libp2p/interface';

/** How libp2p's TCP connections write; not in its interface, so its presence is checked. */
interface Writing {
  readonly socket: Pick<Socket, 'cork' | 'uncork'>;
  sendData(data: unknown): unknown;
  sendReset(): unknown;
}

/**
 * Joins what libp2p writes within one turn of the event loop. noise writes each message in two parts, its length and
 * itself, which made two system calls and two packets of each heartbeat.
 */
export function joinWrites(connection: MultiaddrConnection): void {
  const writing = connection as unknown as Writing;
  const { socket } = writing;
  if (
    typeof writing.sendData !== 'function' ||
    typeof writing.sendReset !== 'function' ||
    typeof socket?.cork !== 'function'
  )
    throw new Error('this version of libp2p sends data in another way');
  const send = writing.sendData.bind(writing);
  const reset = writing.sendReset.bind(writing);
  let isCorked = false;
  const uncork = (): void => {
    if (isCorked) socket.uncork();
    isCorked = false;
  };
  writing.sendData = (data) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      setImmediate(uncork);
    }
    return send(data);
  };
  // The last words before a reset still go out.
  writing.sendReset = () => {
    uncork();
    return reset();
  };
}
