import { loadConfig } from '../config/load-config.js';
import type { ResolvedConfig } from '../config/resolve-config.js';
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
