import { execFile } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanEnvironment, OriginProcess } from '../support/origin-process.js';
import { HEADWATER, HEALTH_CHECK } from '../support/program.js';
import { type Scope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** A folder with the commands that the image has on its path, and nothing else. */
function commandsIn(scope: Scope): string {
  const folder = scratchFolder(scope, 'commands');
  symlinkSync(HEADWATER, join(folder, 'headwater'));
  symlinkSync(process.execPath, join(folder, 'node'));
  symlinkSync('/usr/bin/env', join(folder, 'env'));
  return folder;
}

const check = (environment: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const env = { ...cleanEnvironment(), ...environment };
    const child = execFile('/bin/bash', [HEALTH_CHECK], { env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });

describe('the health check of the image', () => {
  it('asks a member that is ready without node, and leaves all else to the command', async () => {
    const scope = testScope();
    const origin = await OriginProcess.spawn(scope, 'a');
    await origin.ready();
    const PATH = commandsIn(scope);
    const HEADWATER_API_PORT = new URL(origin.apiUrl()).port;
    const ready = { code: 0, output: 'ready\n' };
    expect(await check({ PATH: '/nowhere', HEADWATER_API_PORT })).toEqual(ready);
    // Where the API is elsewhere, or by TLS, only the command finds it.
    expect(await check({ PATH, HEADWATER_API: origin.apiUrl() })).toEqual(ready);
    expect((await check({ PATH: '/nowhere', HEADWATER_API: origin.apiUrl() })).code).toBe(127);
    const drained = await fetch(origin.apiUrl('/api/v1/members/a/drain'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(drained.ok).toBe(true);
    expect(await check({ PATH, HEADWATER_API_PORT })).toEqual({
      code: 1,
      output: expect.stringMatching(/^not ready: .*drain/),
    });
    origin.signal('SIGKILL');
    await origin.exited;
    const gone = await check({ PATH, HEADWATER_API_PORT });
    expect(gone).toEqual({ code: 1, output: expect.stringContaining('no API answers at') });
    const wrong = await check({ PATH, HEADWATER_API_PORT: '1/../x' });
    expect(wrong.code).toBe(1);
  });
});
