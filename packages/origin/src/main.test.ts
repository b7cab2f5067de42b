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

it('a command whose output is on a full disk fails, and says so', async () => {
  const full = await run('sh', ['-c', `'${process.execPath}' '${COMMAND}' config example > /dev/full`]).catch(
    (error) => error,
  );
  expect(full.code).toBe(1);
  expect(full.stderr).toContain('OUTPUT_FAILED');
  expect(full.stderr).toContain('ENOSPC');
});

it.each([25, 30, 44, 99])('with %i open files a person hears what to raise', async (files) => {
  const words = `ulimit -n ${files}; exec '${process.execPath}' '${COMMAND}' origin`;
  const failure = await run('sh', ['-c', words]).catch((error) => error);
  expect(failure).toMatchObject({ code: 1, stdout: '' });
  expect(failure.stderr).toContain(`FILES_TOO_FEW a process may open ${files} files`);
  expect(failure.stderr).toContain('LimitNOFILE');
  expect(failure.stderr).not.toContain('    at ');
});

it.each(['SIGUSR1', 'SIGUSR2', 'SIGHUP'])('%s while its code is loaded ends no member', async (signal) => {
  const hooks = `export async function load(url, context, next) {
    if (url.endsWith('/dist/main.js')) process.kill(process.pid, '${signal}');
    return next(url, context);
  }`;
  const planted = `import { register } from 'node:module';
register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hooks))});`;
  const plant = `--import=data:text/javascript,${encodeURIComponent(planted)}`;
  const { stdout, stderr } = await run(process.execPath, [plant, COMMAND, 'origin', '--help']);
  expect(stdout).toContain('headwater origin');
  expect(stderr).toBe('');
});

/** Loaded before the command: names each module that it loads on stderr. */
const TELL_LOADS = `
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
import { writeSync } from 'node:fs';
export async function load(url, context, next) { writeSync(2, url + '\\\\n'); return next(url, context); }
\`));
`;

it('a health check, which runs each few seconds, loads nothing that it does not need', async () => {
  const tell = `--import=data:text/javascript,${encodeURIComponent(TELL_LOADS)}`;
  const words = [tell, COMMAND, 'health', '--api', 'http://127.0.0.1:1'];
  const { stderr } = await run(process.execPath, words).catch((error) => error);
  expect(stderr).toContain('API_UNREACHABLE');
  const loaded = String(stderr)
    .split('\n')
    .filter((line) => line.startsWith('file:'));
  expect(loaded.some((url) => url.endsWith('/cli/commands/health.js'))).toBe(true);
  expect(loaded.filter((url) => url.includes('node_modules') || url.includes('/config/options'))).toEqual([]);
  expect(loaded.filter((url) => /packages\/(mesh|media|directory)\//.test(url))).toEqual([]);
});
