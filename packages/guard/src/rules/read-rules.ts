import { HOOK_EVENTS, type HookEvent } from '../hook/hook-event.js';
import { isAddressEntry } from './address-list.js';
import { FieldReader, type RuleProblem } from './field-reader.js';
import {
  type AddressRuleConfig,
  type HookRuleConfig,
  JWT_ALGORITHMS,
  type JwtRuleConfig,
  type RuleConfig,
  type TokenRuleConfig,
} from './rule-config.js';
import { isReference } from './secret.js';

/** Most rules of one list. */
export const RULES_MAX = 32;
const KEYS_MAX = 8;
const URLS_MAX = 8;
const ADDRESSES_MAX = 1000;
/** Shortest key of signed URLs, bytes. */
export const TOKEN_KEY_BYTES_MIN = 16;

const KINDS = ['allow', 'deny', 'token', 'jwt', 'hook'] as const;

/**
 * Reads a list of rules as YAML or JSON gives it. Says everything that is wrong with it; `rules` are those that are right.
 * Nothing in `problems` holds a key or a secret.
 */
export function readRules(value: unknown): {
  readonly rules: readonly RuleConfig[];
  readonly problems: readonly RuleProblem[];
} {
  if (!Array.isArray(value)) return { rules: [], problems: [{ path: [], text: 'expected a list of rules' }] };
  if (value.length > RULES_MAX)
    return { rules: [], problems: [{ path: [], text: `expected at most ${RULES_MAX} rules` }] };
  const problems: RuleProblem[] = [];
  const rules = value.flatMap((entry: unknown, index) => {
    const before = problems.length;
    const rule = readRule(entry, index, problems);
    return rule === null || problems.length > before ? [] : [rule];
  });
  return { rules, problems };
}

function readRule(entry: unknown, index: number, problems: RuleProblem[]): RuleConfig | null {
  const reader = FieldReader.of(entry, [index], problems, 'a rule, such as token: below it its keys');
  if (reader === null) return null;
  const kinds = KINDS.filter((kind) => reader.has(kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    reader.problem(
      '',
      `expected one of ${KINDS.join(', ')} in each rule, found ${kinds.join(' and ') || reader.names.join(', ') || 'nothing'}`,
    );
    return null;
  }
  reader.allow([kind, ...(kind === 'hook' ? [] : ['required'])]);
  const required = kind !== 'hook' && reader.flag('required');
  switch (kind) {
    case 'allow':
    case 'deny':
      if (kind === 'deny' && required)
        reader.problem('required', 'deny goes on to the next rule anyway where it does not refuse');
      return { kind, required, addresses: addresses(reader, kind) };
    case 'token':
      return token(reader, required);
    case 'jwt':
      return jwt(reader, required);
    case 'hook':
      return hook(reader);
  }
}

function addresses(reader: FieldReader, kind: AddressRuleConfig['kind']): readonly string[] {
  const expected = 'IP addresses, networks such as 10.0.0.0/8, or all';
  return reader.texts(kind, expected, { min: 1, max: ADDRESSES_MAX, isRight: isAddressEntry });
}

function token(reader: FieldReader, required: boolean): TokenRuleConfig | null {
  const inner = reader.below('token', 'keys below it');
  if (inner === null) return null;
  inner.allow(['keys', 'nodeMediaServer']);
  const expected = `keys of at least ${TOKEN_KEY_BYTES_MIN} bytes, file:/path or env:NAME`;
  const isRight = (text: string): boolean =>
    isReference(text) || Buffer.byteLength(text.trim()) >= TOKEN_KEY_BYTES_MIN;
  return {
    kind: 'token',
    required,
    keys: inner.texts('keys', expected, { min: 1, max: KEYS_MAX, isRight, isSecret: true }),
    nodeMediaServer: inner.flag('nodeMediaServer'),
  };
}

function jwt(reader: FieldReader, required: boolean): JwtRuleConfig | null {
  const inner = reader.below('jwt', 'keys or jwks below it');
  if (inner === null) return null;
  inner.allow([
    'keys',
    'jwks',
    'algorithms',
    'audience',
    'issuer',
    'actionsClaim',
    'streamsClaim',
    'leewayS',
    'refreshMs',
  ]);
  if (inner.has('keys') === inner.has('jwks')) inner.problem('', 'expected either keys or jwks');
  const keys = inner.texts('keys', 'secrets, public keys in PEM, file:/path or env:NAME', {
    min: 0,
    max: KEYS_MAX,
    isRight: (text) => text.trim() !== '',
    isSecret: true,
  });
  const jwks = inner.text(
    'jwks',
    'file:/path or a URL (http or https)',
    (text) => isUrl(text) || text.startsWith('file:/'),
  );
  const names = { min: 0, max: 16, isRight: (text: string) => text !== '' };
  const algorithms = inner.texts('algorithms', `some of ${JWT_ALGORITHMS.join(', ')}`, {
    min: 0,
    max: JWT_ALGORITHMS.length,
    isRight: (text) => JWT_ALGORITHMS.some((known) => known === text),
  });
  return {
    kind: 'jwt',
    required,
    keys,
    ...(jwks === undefined ? {} : { jwks }),
    algorithms: JWT_ALGORITHMS.filter((known) => algorithms.includes(known)),
    audience: inner.texts('audience', 'texts', names),
    issuer: inner.texts('issuer', 'texts', names),
    actionsClaim: inner.text('actionsClaim', 'the name of a claim', (text) => text !== '') ?? 'actions',
    streamsClaim: inner.text('streamsClaim', 'the name of a claim', (text) => text !== '') ?? 'streams',
    leewayS: inner.whole('leewayS', 0, 300) ?? 5,
    refreshMs: inner.whole('refreshMs', 1000, 86_400_000) ?? 300_000,
  };
}

function hook(reader: FieldReader): HookRuleConfig | null {
  const inner = reader.below('hook', 'on_publish, on_play or others below it');
  if (inner === null) return null;
  const keys = HOOK_EVENTS.map((event) => `on_${event}`);
  inner.allow([
    ...keys,
    'format',
    'timeoutMs',
    'onFailure',
    'concurrency',
    'queueMax',
    'secret',
    'updateMs',
    'retryMs',
    'askBeforeRedirect',
  ]);
  const format = inner.choice('format', ['srs', 'nginx-rtmp']) ?? 'srs';
  const urls: Partial<Record<HookEvent, readonly string[]>> = {};
  for (const event of HOOK_EVENTS) {
    const found = inner.texts(`on_${event}`, 'URLs (http or https)', {
      min: 0,
      max: URLS_MAX,
      isRight: isUrl,
    });
    if (found.length > 0) urls[event] = found;
  }
  if (!keys.some((key) => inner.has(key))) inner.problem('', `expected at least one of ${keys.join(', ')}`);
  if (format === 'srs' && inner.has('on_update'))
    inner.problem('on_update', 'only the format nginx-rtmp has it');
  const secret = inner.text('secret', 'a text, file:/path or env:NAME', (text) => text.trim() !== '', true);
  return {
    kind: 'hook',
    format,
    urls,
    timeoutMs: inner.whole('timeoutMs', 50, 60_000) ?? 5000,
    onFailure: inner.choice('onFailure', ['refuse', 'allow']) ?? 'refuse',
    concurrency: inner.whole('concurrency', 1, 1000) ?? 64,
    queueMax: inner.whole('queueMax', 0, 100_000) ?? 5000,
    ...(secret === undefined ? {} : { secret }),
    updateMs: inner.whole('updateMs', 1000, 86_400_000) ?? 30_000,
    retryMs: inner.whole('retryMs', 0, 86_400_000) ?? 300_000,
    askBeforeRedirect: inner.flag('askBeforeRedirect'),
  };
}

function isUrl(text: string): boolean {
  return text.length <= 2048 && /^https?:\/\//i.test(text) && URL.canParse(text);
}
