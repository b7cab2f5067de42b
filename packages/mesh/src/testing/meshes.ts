import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { profileOf } from '@headwater/testing/profile-of';
import { formatHostPort } from '../host-port.js';
import { createMesh, type Mesh, type MeshLog, type MeshOptions } from '../index.js';

export interface Line {
  readonly level: keyof MeshLog;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A real member on loopback, with what it logged. */
export interface TestMember {
  readonly name: string;
  readonly mesh: Mesh;
  readonly lines: readonly Line[];
  readonly dataDir: string;
}

/** Real members on loopback, all stopped and cleaned away by `close`. */
export class Meshes {
  readonly #members: TestMember[] = [];
  readonly #proxies: TcpProxy[] = [];
  readonly #dirs: string[] = [];

  async start(name: string, seeds: readonly string[], more: Partial<MeshOptions> = {}): Promise<TestMember> {
    const dataDir = more.dataDir ?? (await mkdtemp(join(tmpdir(), 'headwater-mesh-')));
    this.#dirs.push(dataDir);
    const lines: Line[] = [];
    const write =
      (level: keyof MeshLog) =>
      (fields: object, msg: string): void => {
        lines.push({ level, msg, fields: fields as Record<string, unknown> });
      };
    const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
    const options: MeshOptions = {
      host: '127.0.0.1',
      port: 0,
      seeds,
      dataDir,
      heartbeatMs: 800,
      suspectAfterMs: 1_800,
      deadAfterMs: 900,
      batchMs: 3,
      ...more,
    };
    const mesh = await createMesh(options, {
      log,
      profile: ([host]) => ({
        ...profileOf(name),
        ...(host === undefined ? {} : { apiAddress: formatHostPort({ host, port: 1985 }) }),
      }),
    });
    const member = { name, mesh, lines, dataDir };
    this.#members.push(member);
    return member;
  }

  /** A member that is reached only through a proxy. */
  async startBehind(
    name: string,
    proxy: TcpProxy,
    seeds: readonly string[],
    more: Partial<MeshOptions> = {},
  ): Promise<TestMember> {
    const member = await this.start(name, seeds, { ...more, advertise: proxy.address });
    proxy.target = member.mesh.port;
    return member;
  }

  async proxy(): Promise<TcpProxy> {
    const proxy = await TcpProxy.listen();
    this.#proxies.push(proxy);
    return proxy;
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ mesh }) => mesh.stop()));
    for (const proxy of this.#proxies) proxy.close();
    await Promise.all(this.#dirs.map((dir) => rm(dir, { recursive: true, force: true })));
  }
}

/** A TCP proxy that can break what goes through it. */
export class TcpProxy {
  target = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isHung = false;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (inbound) => {
      const outbound = connect(this.target, '127.0.0.1');
      for (const [from, to] of [
        [inbound, outbound],
        [outbound, inbound],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (data) => void to.write(data));
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.on('error', () => {});
        if (this.#isHung) from.pause();
      }
    });
  }

  static async listen(): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(server);
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return `127.0.0.1:${address.port}`;
  }

  /** Resets all that goes through; what comes next is let through again. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Nothing passes any more, and nobody is told. */
  hang(isHung: boolean): void {
    this.#isHung = isHung;
    for (const socket of this.#sockets) isHung ? socket.pause() : socket.resume();
  }

  close(): void {
    this.#server.close();
    this.reset();
  }
}
