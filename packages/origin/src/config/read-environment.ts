import { ENVIRONMENT_PREFIX, environmentName } from './environment-name.js';
import { didYouMean, nearest } from './nearest.js';
import { APP_PLACE, type FoundOption, findOption, OPTION_LIST } from './option-lookup.js';
import type { Reading } from './read-yaml.js';
import { type Problem, readText, type Setting, type Source } from './setting.js';

/** Variables of ours that are no keys. */
const OTHER_VARIABLES = new Set(['HEADWATER_API', 'HEADWATER_SIGN_KEY']);

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
 * blanks around a value do not count; lists are separated by commas.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Reading {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const name of Object.keys(env).sort()) {
    const text = env[name]?.trim() ?? '';
    if (!name.startsWith(ENVIRONMENT_PREFIX) || text === '' || isOthers(name, text)) continue;
    const source: Source = { kind: 'environment', name };
    const found = optionOf(name);
    if (found !== null) settings.push({ ...found, value: readText(text, found.option), source });
    else
      problems.push({
        path: '',
        source,
        text: `no such variable${didYouMean(nearest(name, OPTION_OF_NAME.keys()))}`,
      });
  }
  return { settings, problems };
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
