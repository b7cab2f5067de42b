import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort, freePorts, reservePort } from './free-port.js';
import { REPOSITORY } from './repository.js';
import { Scope, testScope } from './scope.js';

describe('a free port', () => {
  it('is given to one test only, also where several ask at once', async () => {
    const scope = testScope();
    const ports = (await Promise.all([freePorts(scope, 10), freePorts(scope, 10)])).flat();
    expect(new Set(ports).size).toBe(20);
  });

  it('is not one that somebody listens on', async () => {
    const first = new Scope();
    const port = await freePort(first);
    await first.close();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '0.0.0.0', resolve));
    try {
      expect(await reservePort(testScope(), port)).toBe(false);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    expect(await reservePort(testScope(), port)).toBe(true);
  });

  it('is not one that another process reserved, until that process has ended or let go', async () => {
    const scope = testScope();
    const port = await freePort(scope);
    const reserveThere = () => {
      const modules = `['free-port', 'scope'].map((name) => import('./test/dist/support/' + name + '.js'))`;
      const script = `Promise.all(${modules}).then(async ([ports, scopes]) =>
        console.log(await ports.reservePort(new scopes.Scope(), ${port})))`;
      const options = { cwd: REPOSITORY, encoding: 'utf8' } as const;
      return execFileSync(process.execPath, ['-e', script], options).trim();
    };
    expect(reserveThere()).toBe('false');
    await scope.close();
    expect(reserveThere()).toBe('true');
    // That process ended without releasing it: what it left behind counts for nothing.
    const again = testScope();
    expect(await reservePort(again, port)).toBe(true);
    await again.close();
    expect(existsSync(join(tmpdir(), 'headwater-test-ports', String(port)))).toBe(false);
  });
});
