import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const COMMAND = fileURLToPath(new URL('../bin/headwater.js', import.meta.url));

it('the command as it is installed: output, status, and a reader that goes away early', async () => {
  const { stdout } = await run(process.execPath, [COMMAND, 'config', 'example']);
  expect(stdout).toContain('mesh:\n');
  const failure = await run(process.execPath, [COMMAND, 'nothing']).catch((error) => error);
  expect(failure).toMatchObject({ code: 2, stdout: '' });
  expect(failure.stderr).toContain('there is no command "nothing"');
  const piped = await run('sh', ['-c', `'${process.execPath}' '${COMMAND}' origin --help | head -n 1`]);
  expect(piped).toEqual({ stdout: 'headwater origin\n', stderr: '' });
});
