import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePort, freePorts, releasePort, reservePort } from './free-port.js';
import { REPOSITORY } from './repository.js';

describe('a free port', () => {
  it('is given to one test only, also where several ask at once', async () => {
    const ports = (await Promise.all([freePorts(10), freePorts(10)])).flat();
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) releasePort(port);
  });

  it('is not one that somebody listens on', async () => {
    const port = await freePort();
    releasePort(port);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '0.0.0.0', resolve));
    try {
      expect(await reservePort(port)).toBe(false);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    expect(await reservePort(port)).toBe(true);
    releasePort(port);
  });

  it('is not one that another process reserved', async () => {
    const port = await freePort();
    const script = `import('./test/dist/support/free-port.js').then(async (m) => console.log(await m.reservePort(${port})))`;
    const answer = execFileSync(process.execPath, ['-e', script], { cwd: REPOSITORY, encoding: 'utf8' });
    expect(answer.trim()).toBe('false');
    releasePort(port);
  });
});
