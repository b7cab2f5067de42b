import type { GuardLog } from '../guard-log.js';
import { createAgents } from '../hook/call-http.js';
import type { EndDesk } from '../hook/end-desk.js';
import type { HookSender } from '../hook/hook-body.js';
import { HookCaller, type HookListener } from '../hook/hook-caller.js';
import { HookRule } from '../hook/hook-rule.js';
import { JwksSource } from '../tokens/jwks-source.js';
import { type JwtKey, readJwks, readJwtKey } from '../tokens/jwt-keys.js';
import { addressRule } from './address-rule.js';
import { type JwtKeys, JwtRule } from './jwt-rule.js';
import { TOKEN_KEY_BYTES_MIN } from './read-rules.js';
import type { Rule } from './rule.js';
import type { JwtRuleConfig, RuleConfig } from './rule-config.js';
import { readSecret, SecretError, type SecretSources } from './secret.js';
import { tokenRule } from './token-rule.js';

/** Connections to one JWKS server. */
const JWKS_SOCKETS = 2;

export interface RuleParts {
  readonly secrets: SecretSources;
  readonly sender: HookSender;
  readonly ends: EndDesk;
  readonly log: GuardLog;
  /** Monotonic ms. */
  readonly monotonicMs: () => number;
  readonly onHookCalled: HookListener;
}

/** Makes rules of their configuration: keys are read now. Problems go to `problems`, each after its place; they hold no key. */
export function compileRules(
  place: string,
  configs: readonly RuleConfig[],
  parts: RuleParts,
  problems: string[],
): readonly Rule[] {
  return configs.flatMap((config, index) => {
    try {
      return [compileRule(config, parts)];
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      problems.push(`${place}[${index}].${config.kind}: ${error.message}`);
      return [];
    }
  });
}

function compileRule(config: RuleConfig, parts: RuleParts): Rule {
  switch (config.kind) {
    case 'allow':
    case 'deny':
      return addressRule(config);
    case 'token':
      return tokenRule(
        config,
        config.keys.map((key) => tokenKey(key, parts.secrets)),
      );
    case 'jwt':
      return jwtRule(config, parts);
    case 'hook': {
      const secret = config.secret === undefined ? null : readSecret(config.secret, parts.secrets);
      const caller = new HookCaller(config, secret, parts.sender, parts.onHookCalled);
      return new HookRule(config, { caller, ends: parts.ends, log: parts.log });
    }
  }
}

function tokenKey(text: string, secrets: SecretSources): string {
  const key = readSecret(text, secrets);
  if (Buffer.byteLength(key) < TOKEN_KEY_BYTES_MIN)
    throw new SecretError(`a key has fewer than ${TOKEN_KEY_BYTES_MIN} bytes`);
  return key;
}

function jwtRule(config: JwtRuleConfig, parts: RuleParts): Rule {
  const takesSecrets = config.algorithms.includes('HS256');
  const rule = new JwtRule(config, keysOf());
  return rule;

  function keysOf(): JwtKeys {
    const { jwks } = config;
    if (jwks === undefined) {
      const keys = config.keys.map((key) => jwtKey(key, parts.secrets));
      return () => keys;
    }
    if (jwks.startsWith('file:')) {
      const keys = readJwks(readSecret(jwks, parts.secrets), takesSecrets);
      if (keys === null || keys.length === 0)
        throw new SecretError(`${jwks} is no JWKS with a key for signatures`);
      return () => keys;
    }
    const source = new JwksSource(
      { url: jwks, refreshMs: config.refreshMs, takesSecrets },
      { agents: createAgents(JWKS_SOCKETS), log: parts.log, now: parts.monotonicMs },
      () => rule.forget(),
    );
    return (isMeant) => source.keys(isMeant);
  }
}

function jwtKey(text: string, secrets: SecretSources): JwtKey {
  const read = readJwtKey(readSecret(text, secrets));
  if ('problem' in read) throw new SecretError(read.problem);
  return read;
}
