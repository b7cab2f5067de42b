import {
  createGuard,
  type GuardConfig,
  GuardConfigError,
  type ReadSecrets,
  readRuleSecrets,
  relayKeysOf,
} from '@headwater/guard';
import type { OriginConfig } from './config/origin-config.js';
import { HeadwaterError } from './errors.js';

/** How long a stop waits for hooks to be told what has ended. */
export const ENDS_TOLD_MS = 3000;

/** What the guard of a member is made of: plain data, fit for another process. It holds keys. `secrets`: as `checkRules` read them. */
export function guardConfig(config: OriginConfig, member: string, secrets?: ReadSecrets): GuardConfig {
  const { publish, play, apps, limits, mesh } = config;
  return {
    member,
    publish: publish.auth,
    play: play.auth,
    apps: Object.fromEntries(
      Object.entries(apps).map(([app, of]) => [
        app,
        {
          ...(of.publish?.auth === undefined ? {} : { publish: of.publish.auth }),
          ...(of.play?.auth === undefined ? {} : { play: of.play.auth }),
        },
      ]),
    ),
    ...(secrets !== undefined && { secrets }),
    refusalsPerAddressPerMinute: limits.refusalsPerAddressPerMinute,
    relayKeys: relayKeysOf(mesh.key ?? []),
  };
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Whether the rules can be used; gives what their keys and secrets are at the moment. Throws `HeadwaterError`
 * (`CONFIG_INVALID`) that says all that is wrong.
 */
export function checkRules(config: OriginConfig): ReadSecrets {
  const rules = guardConfig(config, 'unknown');
  const secrets = readRuleSecrets(rules);
  try {
    createGuard({ ...rules, secrets }, { log: SILENT });
    return secrets;
  } catch (error) {
    if (!(error instanceof GuardConfigError)) throw error;
    throw new HeadwaterError('CONFIG_INVALID', 'the rules for who may publish and play cannot be used', {
      details: error.problems,
      hint: 'See docs/auth.md for the keys that each rule takes.',
      cause: error,
    });
  }
}
