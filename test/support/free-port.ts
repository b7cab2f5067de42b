import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './scope.js';

// Below Linux's ephemeral range (32768 and up), so that no outgoing connection takes a reserved port; and five digits each,
// so that a port can stand for another in recorded bytes.
const FIRST = 11_000;
const LAST = 31_999;

/** One file per reserved port, holding the pid of who reserved it: shared by all test processes of this host. */
const LEDGER = join(tmpdir(), 'headwater-test-ports');

let next = FIRST + ((process.pid * 97) % (LAST - FIRST));

/**
 * A TCP port that nobody listens on and that no other test, in this process or another, is given until `scope` closes.
 */
export async function freePort(scope: Scope): Promise<number> {
  for (let tries = LAST - FIRST; tries > 0; tries -= 1) {
    const port = next;
    next = next >= LAST ? FIRST : next + 1;
    if (await reservePort(scope, port)) return port;
  }
  throw new Error(`no free port between ${FIRST} and ${LAST}; see ${LEDGER}`);
}

export async function freePorts(scope: Scope, count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort(scope));
  return ports;
}

/** Reserves this very port until `scope` closes; false where somebody has it. */
export async function reservePort(scope: Scope, port: number): Promise<boolean> {
  if (!reserve(port)) return false;
  if (await isFree(port)) {
    scope.defer(() => release(port));
    return true;
  }
  release(port);
  return false;
}

function release(port: number): void {
  rmSync(join(LEDGER, String(port)), { force: true });
  try {
    rmdirSync(LEDGER);
  } catch {
    // Others have ports still.
  }
}

function reserve(port: number): boolean {
  const path = join(LEDGER, String(port));
  for (const attempt of ['first', 'after a stale one']) {
    try {
      mkdirSync(LEDGER, { recursive: true });
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return true;
    } catch {
      if (attempt === 'first' && isStale(path)) rmSync(path, { force: true });
      else return false;
    }
  }
  return false;
}

/** Its reserver was killed before it could release. */
function isStale(path: string): boolean {
  try {
    process.kill(Number(readFileSync(path, 'utf8')), 0);
    return false;
  } catch {
    return true;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '0.0.0.0', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
