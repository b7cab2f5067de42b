import { loadConfig } from '../config/load-config.js';
import type { EffectiveValue, ResolvedConfig } from '../config/resolve-config.js';
import { HeadwaterError } from '../errors.js';
import type { Arguments, Flag } from './command.js';
import type { CliIo } from './io.js';

export const CONFIG_FLAG: Flag = {
  name: 'config',
  short: 'c',
  value: 'FILE',
  meaning: 'YAML file; conf/origin.yml documents every key. Without it: environment, flags and defaults.',
};

export const SET_FLAG: Flag = {
  name: 'set',
  short: 's',
  value: 'KEY=VALUE',
  isMultiple: true,
  meaning: 'Set one key; again for more. Lists with commas; KEY= puts the default back.',
};

export const PRECEDENCE_NOTE =
  'Precedence: --set, then the environment (HEADWATER_...), then the file, then the defaults.';

/** The configuration that these arguments ask for. */
export function loadGiven(given: Arguments, file: string | undefined, io: CliIo): Promise<ResolvedConfig> {
  return loadConfig({ ...(file === undefined ? {} : { file }), set: given.values('set'), env: io.env });
}

/**
 * The same again, for a reload. `before`: what was read last. A file that holds nothing any more is not believed: a full disk
 * leaves such a one where it was to be written anew, and all rules of who may publish and play would be gone.
 */
export async function loadAgain(
  given: Arguments,
  file: string | undefined,
  io: CliIo,
  before: readonly EffectiveValue[],
): Promise<ResolvedConfig> {
  const read = await loadGiven(given, file, io);
  if (before.some(isOfFile) && !read.effective.some(isOfFile))
    throw new HeadwaterError(
      'CONFIG_UNREADABLE',
      `${file} sets nothing any more, as one that could not be written; restart to go without it`,
    );
  return read;
}

const isOfFile = ({ source }: EffectiveValue): boolean => source.kind === 'file';
