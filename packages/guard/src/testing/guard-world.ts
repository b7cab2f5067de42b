import { DEFAULT_VHOST, type StreamName } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import type { Ask, ClientAbout } from '../ask.js';
import { createGuard, type Guard } from '../guard.js';
import { readRules } from '../rules/read-rules.js';
import type { GuardConfig, RuleConfig } from '../rules/rule-config.js';
import type { Verdict } from '../verdict.js';

export const NAME: StreamName = { vhost: DEFAULT_VHOST, app: 'live', stream: 's1' };
/** Unix time, s, of every test that does not say another. */
export const NOW_S = 1_800_000_000;

/** Rules as a config file has them; a test's rules are right. */
export function rulesOf(...rules: readonly object[]): readonly RuleConfig[] {
  const read = readRules(rules);
  if (read.problems.length > 0) throw new Error(JSON.stringify(read.problems));
  return read.rules;
}

/** A guard with a clock that stands still unless moved. */
export class GuardWorld {
  readonly log = new MemoryLog();
  readonly guard: Guard;
  nowMs = NOW_S * 1000;
  monotonicMs = 0;

  constructor(config: Partial<GuardConfig>, files: Readonly<Record<string, string>> = {}) {
    this.guard = createGuard(guardConfigOf(config), {
      log: this.log,
      now: () => this.nowMs,
      monotonicMs: () => this.monotonicMs,
      secrets: {
        readFile: (path) => {
          const text = files[path];
          if (text === undefined) throw Object.assign(new Error('none'), { code: 'ENOENT' });
          return text;
        },
        env: { PLAY_KEY: 'play-key-play-key-1' },
      },
    });
  }

  async judge(ask: Partial<Ask> = {}, client: Partial<ClientAbout> = {}): Promise<Verdict> {
    return this.guard.client(clientOf(client)).judge(askOf(ask));
  }

  /** `allowed`, or the reason. */
  async said(ask: Partial<Ask> = {}, client: Partial<ClientAbout> = {}): Promise<string> {
    const verdict = await this.judge(ask, client);
    return verdict.allowed ? 'allowed' : verdict.reason;
  }
}

export function guardConfigOf(config: Partial<GuardConfig>): GuardConfig {
  return {
    member: 'member-a',
    publish: [],
    play: [],
    apps: {},
    refusalsPerAddressPerMinute: 1_000_000,
    relayKeys: [],
    ...config,
  };
}

export const askOf = (ask: Partial<Ask> = {}): Ask => ({
  action: 'publish',
  name: NAME,
  query: '',
  asksHooks: true,
  ...ask,
});

export const clientOf = (client: Partial<ClientAbout> = {}): ClientAbout => ({
  id: 'client-1',
  protocol: 'rtmp',
  ip: '192.0.2.1',
  remote: '192.0.2.1:5000',
  agent: 'test',
  ...client,
});
