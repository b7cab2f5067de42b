import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Fence } from '../../fence.js';
import type { MediaLog } from '../../media-log.js';
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
/** How often it is looked whether the socket's file is still there, ms. */
const LOOK_EVERY_MS = 2000;

/** Takes this member's other workers, which pull what is published here, at a unix socket. */
export class SiblingListener {
  readonly #parts: SiblingListenerParts;
  readonly #sessions = new Set<SiblingSession>();
  #server: Server | null = null;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  #isStarted = false;

  constructor(parts: SiblingListenerParts) {
    this.#parts = parts;
  }

  /** Opens the socket; one that a worker before left behind goes. Rejects where that can't be done, with a sentence. */
  async start(): Promise<void> {
    const { path } = this.#parts;
    const isLong = Buffer.byteLength(path) > PATH_BYTES_MAX;
    if (isLong) throw new Error(`cannot listen on ${path}: longer than ${PATH_BYTES_MAX} bytes`);
    try {
      await this.#listen();
      this.#isStarted = true;
    } catch (error) {
      await this.stop();
      throw new Error(`cannot listen on ${path} for other workers: ${textOf(error)}`);
    }
  }

  /**
   * Listens anew where something removed the socket's file, as programs that clean folders for temporary files do: the
   * other workers find nobody then. Who is connected stays. To be called about once a second, with the monotonic clock.
   */
  async lookAfterSocket(nowMs: number): Promise<void> {
    if (!this.#isStarted || this.#isLooking || nowMs - this.#lookedMs < LOOK_EVERY_MS) return;
    this.#lookedMs = nowMs;
    this.#isLooking = true;
    const { path, log } = this.#parts;
    try {
      const code = await lstat(path).then(
        () => null,
        (error: NodeJS.ErrnoException) => error.code,
      );
      if (code !== 'ENOENT' || !this.#isStarted) return;
      // First, since this removes the file of that name. It ends with its last connection, so nobody waits for that.
      this.#server?.close();
      this.#server = null;
      await this.#listen();
      // It was stopped meanwhile.
      if (!this.#isStarted) await this.stop();
      else log.warn({ path }, 'socket of worker made anew');
    } catch {
      // Its folder is gone as well: main makes that anew, and the next look finds it.
    } finally {
      this.#isLooking = false;
    }
  }

  /** Disconnects siblings that take nothing. To be called about once a second, with the monotonic clock. */
  endStuck(nowMs: number): void {
    for (const session of [...this.#sessions])
      if (session.isStuck(nowMs, this.#parts.limits.stuckMs)) session.end('it takes nothing any more');
  }

  /** Closes the socket, removes it, and ends all pulls. Never rejects; may be called twice. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    const closed = new Promise<void>((resolve) => {
      // Removes the socket's file as well.
      if (this.#server?.listening === true) this.#server.close(() => resolve());
      else resolve();
      this.#server = null;
    });
    for (const session of [...this.#sessions]) session.end(null);
    await closed;
  }

  async #listen(): Promise<void> {
    const { path, log, fence } = this.#parts;
    await removeSocket(path);
    const server = createServer((socket) =>
      fence.run(
        { remote: path, protocol: 'sibling' },
        () => this.#accept(socket),
        () => socket.destroy(),
      ),
    );
    server.maxConnections = CONNECTIONS_MAX;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    await chmod(path, MODE);
    server.on('error', ({ message }) => log.error({ protocol: 'sibling', text: message }, 'listener failed'));
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

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
