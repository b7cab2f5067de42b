import { didYouMean } from './nearest.js';
import { appNameProblem, findOptionByPath, suggestKeys } from './option-lookup.js';
import type { Reading } from './read-yaml.js';
import { type Problem, readText, type Setting, type Source } from './setting.js';

const SOURCE: Source = { kind: 'set' };

/** Reads `--set KEY=VALUE` flags. Lists are separated by commas; no value (`KEY=`) puts the default back. */
export function readSet(flags: readonly string[]): Reading {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const flag of flags) {
    const equals = flag.indexOf('=');
    const path = flag.slice(0, equals < 0 ? undefined : equals).trim();
    const found = findOptionByPath(path);
    const wrongApp = found === null ? null : appNameProblem(found.segments);
    if (equals < 0)
      // Not KEY=VALUE: what stands behind key= is masked as a secret wherever it is shown.
      problems.push({ path, source: SOURCE, text: 'found no =, expected one and a value behind it' });
    else if (found === null)
      problems.push({ path, source: SOURCE, text: `unknown key${didYouMean(suggestKeys(path))}` });
    else if (wrongApp !== null)
      problems.push({ path, source: SOURCE, text: `found no name of an app: ${wrongApp}` });
    else {
      const text = flag.slice(equals + 1);
      const value = text === '' ? null : readText(text, found.option);
      settings.push({ ...found, value, source: SOURCE });
    }
  }
  return { settings, problems };
}
