import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { Fence } from '../../fence.js';
import type { MediaLog } from '../../media-host.js';
import { type PulledOwners, type PulledStreams, SiblingSession } from './sibling-session.js';
import type { SiblingWriterLimits } from './sibling-writer.js';

export interface SiblingListenerParts {
  /** Of the unix socket. */
  readonly path: string;
  readonly streams: PulledStreams;
  readonly owners: PulledOwners;
  readonly limits: SiblingWriterLimits & {
    /** How long a sibling may take nothing at all. */
    readonly stuckMs: number;
  };
  readonly log: MediaLog;
  readonly fence: Fence;
}

/** What every system has room for in a socket's address (104 bytes on macOS, 108 on Linux), without the end mark. */
const PATH_BYTES_MAX = 103;
/** Far more than a member has workers. */
const CONNECTIONS_MAX = 1024;
/** Who says no hello for so long is no sibling. */
const HELLO_MS = 5000;
/** Nobody but this member's own user connects. */
const MODE = 0o600;

/** Takes this member's other workers, which pull what is published here, at a unix socket. */
export class SiblingListener {
  readonly #parts: SiblingListenerParts;
  readonly #sessions = new Set<SiblingSession>();
  readonly #server = createServer((socket) =>
    this.#parts.fence.run(
      { remote: this.#parts.path, protocol: 'sibling' },
      () => this.#accept(socket),
      () => socket.destroy(),
    ),
  );

  constructor(parts: SiblingListenerParts) {
    this.#parts = parts;
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Opens the socket; one that a worker before left behind goes. Rejects where that can't be done, with a sentence. */
  async start(): Promise<void> {
    const { path, log } = this.#parts;
    const isLong = Buffer.byteLength(path) > PATH_BYTES_MAX;
    if (isLong) throw new Error(`cannot listen on ${path}: longer than ${PATH_BYTES_MAX} bytes`);
    try {
      await removeSocket(path);
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ path }, () => {
          this.#server.off('error', reject);
          resolve();
        });
      });
      await chmod(path, MODE);
    } catch (error) {
      await this.stop();
      throw new Error(
        `cannot listen on ${path} for other workers: ${error instanceof Error ? error.message : error}`,
      );
    }
    this.#server.on('error', ({ message }) =>
      log.error({ protocol: 'sibling', text: message }, 'listener failed'),
    );
  }

  /** Disconnects siblings that take nothing. To be called about once a second, with the monotonic clock. */
  endStuck(nowMs: number): void {
    for (const session of [...this.#sessions])
      if (session.isStuck(nowMs, this.#parts.limits.stuckMs)) session.end('it takes nothing any more');
  }

  /** Closes the socket, removes it, and ends all pulls. Never rejects; may be called twice. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      // Removes the socket's file as well.
      if (this.#server.listening) this.#server.close(() => resolve());
      else resolve();
    });
    for (const session of [...this.#sessions]) session.end(null);
    await closed;
  }

  #accept(socket: Socket): void {
    const { streams, owners, limits, log } = this.#parts;
    const silent = setTimeout(() => {
      if (session.worker === null) session.end('it did not say hello');
    }, HELLO_MS);
    const session = new SiblingSession(socket, streams, owners, limits, (problem) => {
      clearTimeout(silent);
      this.#sessions.delete(session);
      if (problem !== null) log.warn({ ofWorker: session.worker, detail: problem }, 'worker disconnected');
    });
    this.#sessions.add(session);
  }
}

/** Nothing else than a socket is removed. */
async function removeSocket(path: string): Promise<void> {
  const there = await lstat(path).catch(() => null);
  if (there === null) return;
  if (!there.isSocket()) throw new Error('there is a file that is no socket');
  await unlink(path);
}
