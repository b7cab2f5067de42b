import { readSecret, SecretError, type SecretSources } from '@headwater/guard/rules';
import { ENVIRONMENT_PREFIX, environmentName } from './environment-name.js';
import { didYouMean, nearest } from './nearest.js';
import { APP_PLACE, type FoundOption, findOption, OPTION_LIST } from './option-lookup.js';
import type { Reading } from './read-yaml.js';
import { type Problem, readText, type Setting, type Source } from './setting.js';

/** Variables of ours that are no keys. */
const OTHER_VARIABLES = new Set(['HEADWATER_API', 'HEADWATER_SIGN_KEY']);

/** Behind the name of a secret: its value is the path of a file that holds it. */
const FILE_SUFFIX = '_FILE';

/**
 * Kubernetes puts these into every container for a Service called `headwater` or `headwater-...`:
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const OF_KUBERNETES = /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
/** And this as `..._PORT`: for a Service called `headwater-mesh` it has the name of our own mesh.port. */
const PORT_OF_KUBERNETES = /^(tcp|udp|sctp):\/\//;

const OPTION_OF_NAME = new Map(OPTION_LIST.map((listed) => [environmentName(listed.path), listed]));

/**
 * Reads `HEADWATER_...`. An empty variable is one not set, so that `${VARIABLE:-}` in a compose file does no harm;
 * blanks around a value do not count; lists are separated by commas. A secret may be in a file, whose path `..._FILE` has.
 */
export function readEnvironment(secrets: SecretSources): Reading {
  const { env } = secrets;
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const name of Object.keys(env).sort()) {
    const text = env[name]?.trim() ?? '';
    if (!name.startsWith(ENVIRONMENT_PREFIX) || text === '' || isOthers(name, text)) continue;
    const source: Source = { kind: 'environment', name };
    const found = optionOf(name);
    const inFile = found === null ? secretOf(name) : null;
    if (inFile !== null) {
      const value = env[name.slice(0, -FILE_SUFFIX.length)]?.trim() ?? '';
      if (value !== '')
        problems.push({ path: inFile.path, source, text: 'given twice: with and without _FILE' });
      const read = readFile(text, secrets);
      if ('problem' in read) problems.push({ path: inFile.path, source, text: read.problem });
      else settings.push({ ...inFile, value: readText(read.text, inFile.option), source });
    } else if (found !== null) settings.push({ ...found, value: readText(text, found.option), source });
    else
      problems.push({
        path: '',
        source,
        text: `no such variable${didYouMean(nearest(name, OPTION_OF_NAME.keys()))}`,
      });
  }
  return { settings, problems };
}

/** The secret whose file the variable names; null where it is none. */
function secretOf(name: string): FoundOption | null {
  const found = name.endsWith(FILE_SUFFIX) ? optionOf(name.slice(0, -FILE_SUFFIX.length)) : null;
  return found?.option.isSecret === true ? found : null;
}

function readFile(
  path: string,
  secrets: SecretSources,
): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: readSecret(`file:${path}`, secrets) };
  } catch (error) {
    if (error instanceof SecretError) return { problem: error.message };
    throw error;
  }
}

function isOthers(name: string, text: string): boolean {
  return (
    OTHER_VARIABLES.has(name) ||
    OF_KUBERNETES.test(name) ||
    (name.endsWith('_PORT') && PORT_OF_KUBERNETES.test(text))
  );
}

function optionOf(name: string): FoundOption | null {
  const listed = OPTION_OF_NAME.get(name);
  if (listed !== undefined) return findOption(listed.segments);
  for (const [pattern, { segments }] of OPTION_OF_NAME) {
    const [before, after] = pattern.split(APP_PLACE.toUpperCase());
    if (before === undefined || after === undefined) continue;
    const app = name.slice(before.length, name.length - after.length);
    // Names of apps are written in small letters nearly always; others can be set in the file or with --set.
    if (name.startsWith(before) && name.endsWith(after) && app !== '')
      return findOption(segments.with(segments.indexOf(APP_PLACE), app.toLowerCase()));
  }
  return null;
}
