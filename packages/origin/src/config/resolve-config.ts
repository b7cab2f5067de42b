import { readSecret, SecretError, type SecretSources } from '@headwater/guard/rules';
import * as v from 'valibot';
import { APP_PLACE, type FoundOption, findOption, OPTION_LIST } from './option-lookup.js';
import { type ConfigValues, nestValues, type OriginConfig } from './origin-config.js';
import { readEnvironment } from './read-environment.js';
import { readSet } from './read-set.js';
import { readYaml } from './read-yaml.js';
import { RULES } from './rules.js';
import { foundText, type Problem, type RawValue, type Setting, type Source } from './setting.js';

/** Everything that a configuration is made of, already in memory. */
export interface ConfigInputs {
  readonly file?: { readonly name: string; readonly text: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a file that holds a secret; throws where it cannot. Absent: no file can be read. */
  readonly readFile?: (path: string) => string;
  /** `KEY=VALUE` each, the last one of a key counts. */
  readonly set: readonly string[];
  /** What `name` is where nobody gives one. */
  readonly hostName: string;
}

/** One key with the value in force, as written, and where that came from. */
export interface EffectiveValue {
  readonly path: string;
  /** Absent where the key has no value. */
  readonly value?: RawValue;
  readonly source: Source;
  readonly isSecret: boolean;
}

export interface ResolvedConfig {
  readonly config: OriginConfig;
  /** Every key of the table in its order, then the apps'. */
  readonly effective: readonly EffectiveValue[];
  readonly warnings: readonly Problem[];
}

export type Resolution =
  | ({ readonly ok: true } & ResolvedConfig)
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

const DEFAULT: Source = { kind: 'default' };

/**
 * One configuration from all its sources: `--set` before the environment before the file before the defaults, key by
 * key (a list replaces a list). Reports everything that is wrong, also with values that another source overrides.
 */
export function resolveConfig(inputs: ConfigInputs): Resolution {
  const secrets: SecretSources = { env: inputs.env, readFile: inputs.readFile ?? noFile };
  const readings = [
    ...(inputs.file === undefined ? [] : [readYaml(inputs.file.name, inputs.file.text)]),
    readEnvironment(secrets),
    readSet(inputs.set),
  ];
  const problems: Problem[] = readings.flatMap((reading) => reading.problems);
  const inForce = new Map(defaults(inputs.hostName).map((setting) => [setting.path, setting]));
  const values = new Map<string, { readonly segments: readonly string[]; readonly value: unknown }>();
  const invalid = new Set(problems.map(({ path }) => path).filter((path) => path !== ''));
  for (const setting of [...inForce.values(), ...readings.flatMap((reading) => reading.settings)]) {
    // `--set KEY=` puts the default back: the reading gave no value, the default's is checked in its place.
    const actual =
      setting.value === null && setting.source.kind === 'set'
        ? { ...defaultOf(setting, inputs.hostName), source: setting.source }
        : setting;
    const checked = check(actual, secrets);
    if ('problems' in checked) {
      problems.push(...checked.problems);
      invalid.add(actual.path);
      continue;
    }
    inForce.set(actual.path, actual);
    values.set(actual.path, { segments: actual.segments, value: checked.value });
  }
  const warnings: Problem[] = [];
  const flat = Object.fromEntries([...values].map(([path, { value }]) => [path, value])) as ConfigValues;
  // A file that is no YAML might have said anything.
  const isUnread = problems.some(({ path, source }) => path === '' && source.kind === 'file');
  for (const rule of isUnread ? [] : RULES) {
    if (rule.keys.some((key) => isInvalid(key, invalid))) continue;
    const text = rule.check(flat);
    if (text === null) continue;
    const blamed = rule.keys
      .map((key) => inForce.get(key)?.source ?? DEFAULT)
      .find(({ kind }) => kind !== 'default');
    const problem = {
      path: rule.keys[0],
      source: blamed ?? DEFAULT,
      text,
      ...(rule.code && { code: rule.code }),
    };
    (rule.severity === 'error' ? problems : warnings).push(problem);
  }
  if (problems.length > 0) return { ok: false, problems: inOrder(problems), warnings };
  const nested = new Map([...values.values()].map(({ segments, value }) => [segments, value]));
  return { ok: true, config: nestValues(nested), effective: [...inForce.values()].map(effective), warnings };
}

/** Whether the key, or a group that it is in, has a problem of its own. */
function isInvalid(key: string, invalid: ReadonlySet<string>): boolean {
  return (
    invalid.has(key) || key.split('.').some((_, index, names) => invalid.has(names.slice(0, index).join('.')))
  );
}

function defaults(hostName: string): readonly Setting[] {
  return OPTION_LIST.flatMap(({ segments }) => {
    const found = segments.includes(APP_PLACE) ? null : findOption(segments);
    return found === null ? [] : [defaultOf(found, hostName)];
  });
}

function defaultOf(found: FoundOption, hostName: string): Setting {
  const value = found.path === 'name' ? hostName : (found.option.default ?? null);
  return { path: found.path, segments: found.segments, option: found.option, value, source: DEFAULT };
}

type Checked = { readonly value: unknown } | { readonly problems: readonly Problem[] };

function check(written: Setting, secrets: SecretSources): Checked {
  const setting = withSecrets(written, secrets);
  if ('problems' in setting) return setting;
  const { option, path, value, source } = setting;
  // No value where none is needed.
  if (value === null && option.default === undefined) return { value: undefined };
  const tree = typeof value === 'object' && value !== null && 'tree' in value ? value.tree : value;
  const wrong = option.type.problems?.(tree) ?? [];
  if (wrong.length > 0) {
    return {
      problems: wrong.map((problem) => {
        const [index] = problem.path;
        const entrySource = typeof index === 'number' ? setting.entrySources?.[index] : undefined;
        return {
          path: `${path}${placeText(problem.path)}`,
          source: entrySource ?? source,
          text: problem.text,
        };
      }),
    };
  }
  const result = v.safeParse(option.type.schema, tree, { abortPipeEarly: true });
  if (result.success) return { value: result.output };
  return {
    problems: result.issues.map((issue) => {
      const index = Number(issue.path?.[0]?.key ?? Number.NaN);
      const entry = Array.isArray(value) && index >= 0 ? (value[index] ?? null) : undefined;
      if (entry === undefined) {
        const found = `${foundText(value, option)}${noListNote(setting)}`;
        return { path, source, text: `found ${found}, expected ${issue.message}` };
      }
      const entrySource = setting.entrySources?.[index] ?? source;
      const text = `found ${foundText(entry, option)}, expected ${issue.message}${noUrlNote(entry, issue.message)}`;
      return { path: `${path}[${index}]`, source: entrySource, text };
    }),
  };
}

const noListNote = ({ value, option, source }: Setting): string =>
  source.kind === 'file' && option.type.reads === 'list' && typeof value === 'string'
    ? ' (no list, which has brackets in YAML, or a line with - for each entry)'
    : '';

function noUrlNote(entry: RawValue, expected: string): string {
  const [scheme] = (typeof entry === 'string' && /^[a-z]+:\/\//i.exec(entry)) || [];
  return scheme !== undefined && expected.startsWith('host:port') ? `, without ${scheme}` : '';
}

/** With `file:/path` and `env:NAME` read, where a secret stands so. Those in rules are read by the guard. */
function withSecrets(
  setting: Setting,
  secrets: SecretSources,
): Setting | Extract<Checked, { problems: unknown }> {
  const { option, path, value, source } = setting;
  if (option.isSecret !== true || option.type.reads === 'rules') return setting;
  const problems: Problem[] = [];
  const read = (entry: RawValue): RawValue => {
    if (typeof entry !== 'string' || !/^(file|env):/.test(entry)) return entry;
    try {
      return readSecret(entry, secrets);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      problems.push({ path, source, text: error.message });
      return entry;
    }
  };
  const actual = Array.isArray(value) ? value.map(read) : read(value);
  return problems.length > 0 ? { problems } : { ...setting, value: actual };
}

const noFile = (path: string): never => {
  throw new Error(`${path} is not looked at here`);
};

/** `[1].token.keys[0]` */
function placeText(path: readonly (string | number)[]): string {
  return path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
}

function effective({ path, value, source, option }: Setting): EffectiveValue {
  return { path, ...(value === null ? {} : { value }), source, isSecret: option.isSecret === true };
}

/** As people work through them: the file from its top, the environment, the command line, then what is missing. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const rank = { file: 0, environment: 1, set: 2, default: 3 } as const;
  const line = (source: Source) => (source.kind === 'file' ? source.line : 0);
  return [...problems].sort(
    (a, b) => rank[a.source.kind] - rank[b.source.kind] || line(a.source) - line(b.source),
  );
}
