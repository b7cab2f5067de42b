import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { HeadwaterError } from '../errors.js';
import { type ResolvedConfig, resolveConfig } from './resolve-config.js';
import { type Problem, problemText } from './setting.js';

export interface LoadRequest {
  /** Path of a YAML file; absent: environment, flags and defaults alone. */
  readonly file?: string;
  /** `KEY=VALUE` each. */
  readonly set?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Largest config file; ours with all its comments is a tenth of it. */
export const FILE_BYTES_MAX = 256 * 1024;

/** Most problems shown; a file that is no config at all can have thousands. */
const PROBLEMS_SHOWN_MAX = 50;

/**
 * Reads and checks the configuration. Rejects with `HeadwaterError`: `CONFIG_UNREADABLE`, `MESH_KEY_MISSING` where
 * that alone is wrong, else `CONFIG_INVALID` with every problem in `details`.
 */
export async function loadConfig({
  file,
  set = [],
  env = process.env,
}: LoadRequest): Promise<ResolvedConfig> {
  const text = file === undefined ? null : { file: { name: file, text: await readBounded(file) } };
  const resolution = resolveConfig({
    ...text,
    env,
    set,
    hostName: hostname(),
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  if (resolution.ok) return resolution;
  throw invalid(file, resolution.problems);
}

function invalid(file: string | undefined, problems: readonly Problem[]): HeadwaterError {
  const code = problems.every((problem) => problem.code === 'MESH_KEY_MISSING')
    ? 'MESH_KEY_MISSING'
    : 'CONFIG_INVALID';
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map(problemText);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  const count = problems.length === 1 ? 'one error' : `${problems.length} errors`;
  return new HeadwaterError(
    code,
    `the configuration${file === undefined ? '' : ` with ${file}`} has ${count}`,
    {
      details: shown,
      ...(code === 'CONFIG_INVALID' && file !== undefined
        ? { hint: `Mend what is listed, then try with: headwater config check ${file}` }
        : {}),
    },
  );
}

async function readBounded(path: string): Promise<string> {
  const content = Buffer.alloc(FILE_BYTES_MAX + 1);
  let length = 0;
  try {
    const file = await open(path);
    try {
      for (let read = -1; read !== 0 && length < content.length; length += read)
        read = (await file.read(content, length, content.length - length)).bytesRead;
    } finally {
      await file.close();
    }
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? READ_FAILURES[String(cause.code)] : undefined;
    throw new HeadwaterError('CONFIG_UNREADABLE', `cannot read ${path}: ${reason ?? String(cause)}`, {
      cause,
    });
  }
  if (length > FILE_BYTES_MAX)
    throw new HeadwaterError(
      'CONFIG_UNREADABLE',
      `${path} is larger than ${FILE_BYTES_MAX} bytes: not a config file`,
    );
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content.subarray(0, length));
  } catch (cause) {
    throw new HeadwaterError('CONFIG_UNREADABLE', `${path} is not UTF-8 text: not a config file`, { cause });
  }
}

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};
