import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { awaitCondition } from '@headwater/testing/await-condition';
import { TestProcess } from '../support/child-process.js';
import { freePorts } from '../support/free-port.js';
import { OriginProcess } from '../support/origin-process.js';
import { REPOSITORY } from '../support/repository.js';
import type { Scope } from '../support/scope.js';
import type { LoadProtocol } from './load-order.js';

/** A server under load: a process of its own. */
export interface MediaServer {
  readonly pid: number;
  readonly ports: Partial<Record<LoadProtocol, number>>;
}

const FLOOR_SERVER = fileURLToPath(new URL('./floor-server.js', import.meta.url));
const JOIN_FLOOR_SERVER = fileURLToPath(new URL('./join-floor-server.js', import.meta.url));
const NODE_MEDIA_SERVER = join(REPOSITORY, 'node_modules/node-media-server/bin/app.js');

export async function startHeadwater(
  scope: Scope,
  mergeMs: number,
  within: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
  workers = 0,
): Promise<MediaServer & { readonly origin: OriginProcess }> {
  const config = {
    workers,
    play: { mergeMs },
    log: { level: 'warn', format: 'json' },
    limits: { connectionsPerAddressMax: 20_000, connectionsMax: 20_000 },
  };
  const origin = await OriginProcess.spawn(scope, 'bench', config, {
    place: { host: '127.0.0.1', within },
    environment,
  });
  await origin.ready();
  const { rtmp, http } = origin.ports;
  return { origin, pid: origin.pid, ports: { rtmp, 'http-flv': http, 'ws-flv': http } };
}

export async function startFloor(
  scope: Scope,
  windowMs: number,
  bytesPerSecond: number,
): Promise<MediaServer> {
  const [port = 0] = await freePorts(scope, 1);
  const args = [FLOOR_SERVER, ...[port, windowMs, bytesPerSecond].map(String)];
  const floor = new TestProcess(scope, process.execPath, args);
  await listens(port, floor);
  return { pid: floor.pid, ports: { raw: port } };
}

/** Writes so many bytes to whoever connects and asks. */
export async function startJoinFloor(scope: Scope, bytes: number): Promise<MediaServer> {
  const [port = 0] = await freePorts(scope, 1);
  const args = [JOIN_FLOOR_SERVER, ...[port, bytes].map(String)];
  const floor = new TestProcess(scope, process.execPath, args);
  await listens(port, floor);
  return { pid: floor.pid, ports: { raw: port } };
}

/** node-media-server as it is, with its own command. It writes its secrets into its config, so it gets one to itself. */
export async function startNodeMediaServer(scope: Scope): Promise<MediaServer> {
  const [rtmp = 0, http = 0] = await freePorts(scope, 2);
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-nms-'));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      bind: '127.0.0.1',
      store: { path: './data' },
      auth: { play: false, publish: false, secret: 'bench' },
      rtmp: { port: rtmp },
      http: { port: http },
      webadmin: { enable: false },
    }),
  );
  const server = new TestProcess(scope, process.execPath, [NODE_MEDIA_SERVER, '--config', config], {
    cwd: folder,
  });
  await listens(rtmp, server);
  return { pid: server.pid, ports: { rtmp, 'http-flv': http, 'ws-flv': http } };
}

async function listens(port: number, server: TestProcess): Promise<void> {
  await awaitCondition(
    `a server on port ${port}`,
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port });
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      }),
    { instead: () => server.testimony() },
  );
}
