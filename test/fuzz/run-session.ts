import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { Session } from './session.js';

/** How long a session that stays does so: longer than most of what the member does at once, shorter than its limits. */
const STAY_MS = 60;
/** The member closes a connection whose client has finished within this, or the client cuts it. */
const FINISH_MS = 300;
const CONNECT_MS = 5000;
const CONNECT_TRIES = 3;

/** Plays one session against a port. Rejects where nobody takes the connection: then the member is gone or hangs. */
export async function runSession(session: Session, port: number, localAddress: string): Promise<void> {
  const socket = await connected(port, localAddress);
  // A connection that is cut in its first moment has closed before anyone can listen.
  const closed = new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
  if (session.end === 'deaf') socket.pause();
  else socket.resume();
  for (const bytes of session.writes) {
    if (socket.closed || !socket.writable) break;
    socket.write(bytes);
    await turn();
  }
  if (session.end === 'finish') socket.end();
  const waitMs = session.end === 'reset' ? 0 : session.end === 'finish' ? FINISH_MS : STAY_MS;
  // A reset is not possible any more where the end was said already, by us or in answer to the member's; node then hangs.
  const timer = setTimeout(
    () => (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy()),
    waitMs,
  );
  await closed;
  clearTimeout(timer);
}

/** Some of many thousand connections in minutes lose their first packet, and a kernel tries again after seconds only. */
async function connected(port: number, localAddress: string): Promise<Socket> {
  for (let left = CONNECT_TRIES; ; left -= 1) {
    try {
      return await connectedOnce(port, localAddress);
    } catch (error) {
      if (left === 1 || !(error instanceof SlowConnect)) throw error;
    }
  }
}

class SlowConnect extends Error {}

function connectedOnce(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new SlowConnect(`${CONNECT_TRIES} times no connection within ${CONNECT_MS} ms`));
    }, CONNECT_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
