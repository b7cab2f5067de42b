import { randomBytes } from 'node:crypto';
import { ipv6Groups, type StreamName } from '@headwater/directory';
import type { Action, Ask, ClientAbout } from './ask.js';
import type { GuardLog } from './guard-log.js';
import { EndDesk } from './hook/end-desk.js';
import type { HookListener } from './hook/hook-caller.js';
import { HookClient } from './hook/hook-client.js';
import { HOLD_MS, RefusalPace } from './refusal-pace.js';
import { checkRelayProof, type RelayProofResult, type RelayPull, relayProof } from './relay-proof.js';
import { compileRules } from './rules/compile-rules.js';
import { judgeRules } from './rules/judge-rules.js';
import type { Rule } from './rules/rule.js';
import type { GuardConfig } from './rules/rule-config.js';
import { type SecretSources, SYSTEM_SECRETS, withRead } from './rules/secret.js';
import { scopedName } from './tokens/scoped-name.js';
import { ALLOWED, type Refusal, type RefusalReason, refusal, type Verdict } from './verdict.js';

/** One client's connection, as long as it is there. */
export interface GuardedClient {
  /** Whether no rule is for that, so that it may, and nobody hears of it: the same as `judge`, in short. */
  lets(action: Action, name: StreamName): boolean;
  /** Whether it may do that: at once where the rules need nobody's answer. Never throws, never rejects. */
  judge(ask: Ask): Verdict | Promise<Verdict>;
  /** Refused for what the connection itself shows, whatever the rules are; told and paced as theirs. Never rejects. */
  refuse(ask: Ask, reason: RefusalReason): Refusal | Promise<Refusal>;
  /** The connection is over. May be called twice. */
  closed(bytes: { readonly sent: number; readonly received: number }): void;
}

/** Judges who may publish and play on one member. */
export interface Guard {
  client(about: ClientAbout): GuardedClient;
  /** Parameters that prove a pull of this member's; empty where members prove nothing. */
  proveRelay(pull: Omit<RelayPull, 'puller'>): string;
  /** Whether a pull of this stream comes from a member. `unproven`: members prove nothing here. */
  checkRelay(query: string, pull: Omit<RelayPull, 'puller' | 'asked'>): RelayProofResult | 'unproven';
  /** Other rules from now on; who was allowed stays. Throws `GuardConfigError`, and then nothing changes. */
  configure(config: GuardConfig): void;
  /** Waits until hooks are told of all ends, so long at most. Never rejects. */
  stop(deadlineMs: number): Promise<void>;
}

/** The rules cannot be used as they are: keys that cannot be read, each a sentence without a secret. */
export class GuardConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the rules cannot be used: ${problems.join('; ')}`);
    this.name = 'GuardConfigError';
    this.problems = problems;
  }
}

export interface GuardParts {
  readonly log: GuardLog;
  /** Unix time, ms; absent: the system's. */
  readonly now?: () => number;
  readonly monotonicMs?: () => number;
  readonly secrets?: SecretSources;
  /** Hears of each call of a hook. */
  readonly onHookCalled?: HookListener;
}

/** Longest parameters that are looked at, of the play or publish and the connect together, characters. */
const QUERY_LENGTH_MAX = 16_384;

interface Lists {
  readonly publish: readonly Rule[];
  readonly play: readonly Rule[];
  readonly apps: ReadonlyMap<string, { readonly publish?: readonly Rule[]; readonly play?: readonly Rule[] }>;
}

/** Makes a guard of plain data. Throws `GuardConfigError`. */
export function createGuard(config: GuardConfig, parts: GuardParts): Guard {
  return new RuleGuard(config, parts);
}

class RuleGuard implements Guard {
  readonly #log: GuardLog;
  readonly #now: () => number;
  readonly #monotonicMs: () => number;
  readonly #secrets: SecretSources;
  readonly #onHookCalled: HookListener;
  readonly #service = randomBytes(4).toString('hex');
  readonly #ends: EndDesk;
  #config: GuardConfig;
  #lists: Lists;
  #pace: RefusalPace;
  #clients = 0;

  constructor(config: GuardConfig, parts: GuardParts) {
    this.#log = parts.log;
    this.#now = parts.now ?? Date.now;
    this.#monotonicMs = parts.monotonicMs ?? (() => performance.now());
    this.#secrets = parts.secrets ?? SYSTEM_SECRETS;
    this.#onHookCalled = parts.onHookCalled ?? (() => {});
    this.#ends = new EndDesk(parts.log);
    this.#config = config;
    this.#lists = this.#compile(config);
    this.#pace = new RefusalPace(config.refusalsPerAddressPerMinute);
  }

  client(about: ClientAbout): GuardedClient {
    this.#clients += 1;
    const hooks = new HookClient(this.#clients);
    return {
      lets: (action, { app }) => this.#rules(action, app).length === 0,
      judge: (ask) => this.#judge(about, ask, hooks),
      refuse: (ask, reason) =>
        this.#isShut(about)
          ? this.#tell(about, ask, refusal('refusals-per-address'))
          : this.#refuse(about, ask, refusal(reason)),
      closed: (bytes) => hooks.closed(bytes),
    };
  }

  proveRelay(pull: Omit<RelayPull, 'puller'>): string {
    const { member, relayKeys } = this.#config;
    const [key] = relayKeys;
    return key === undefined ? '' : relayProof({ ...pull, puller: member }, key, this.#now() / 1000);
  }

  checkRelay(query: string, pull: Omit<RelayPull, 'puller' | 'asked'>): RelayProofResult | 'unproven' {
    const { member, relayKeys } = this.#config;
    if (relayKeys.length === 0) return 'unproven';
    return checkRelayProof(query, { ...pull, asked: member }, relayKeys, this.#now() / 1000);
  }

  configure(config: GuardConfig): void {
    const before = this.#lists;
    this.#lists = this.#compile(config);
    if (config.refusalsPerAddressPerMinute !== this.#config.refusalsPerAddressPerMinute)
      this.#pace = new RefusalPace(config.refusalsPerAddressPerMinute);
    this.#config = config;
    for (const rule of allRules(before)) rule.close?.();
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#ends.stop(deadlineMs);
    for (const rule of allRules(this.#lists)) rule.close?.();
  }

  #compile(config: GuardConfig): Lists {
    const problems: string[] = [];
    const parts = {
      secrets: config.secrets === undefined ? this.#secrets : withRead(config.secrets, this.#secrets),
      sender: { member: config.member, service: this.#service },
      ends: this.#ends,
      log: this.#log,
      monotonicMs: this.#monotonicMs,
      onHookCalled: this.#onHookCalled,
    };
    const compile = (place: string, rules: GuardConfig['publish']) =>
      compileRules(place, rules, parts, problems);
    const lists: Lists = {
      publish: compile('publish.auth', config.publish),
      play: compile('play.auth', config.play),
      apps: new Map(
        Object.entries(config.apps).map(([app, { publish, play }]) => [
          app,
          {
            ...(publish && { publish: compile(`apps.${app}.publish.auth`, publish) }),
            ...(play && { play: compile(`apps.${app}.play.auth`, play) }),
          },
        ]),
      ),
    };
    if (problems.length > 0) throw new GuardConfigError(problems);
    return lists;
  }

  /** Those of the stream's app, else of the app's part before the first slash, else those for all. */
  #rules(action: Action, app: string): readonly Rule[] {
    const { apps } = this.#lists;
    if (apps.size === 0) return this.#lists[action];
    const root = app.split('/', 1)[0] ?? '';
    return apps.get(app)?.[action] ?? apps.get(root)?.[action] ?? this.#lists[action];
  }

  #judge(client: ClientAbout, ask: Ask, hooks: HookClient): Verdict | Promise<Verdict> {
    const rules = this.#rules(ask.action, ask.name.app);
    if (rules.length === 0) return ALLOWED;
    if (this.#isShut(client)) return this.#tell(client, ask, refusal('refusals-per-address'));
    if (ask.query.length + (client.connectQuery?.length ?? 0) > QUERY_LENGTH_MAX)
      return this.#refuse(client, ask, refusal('query-too-long'));
    try {
      const scoped = scopedName(ask.name);
      const verdict = judgeRules(rules, { ...ask, client, scoped, nowMs: this.#now(), hooks });
      if (!(verdict instanceof Promise))
        return verdict.allowed ? verdict : this.#refuse(client, ask, verdict);
      return verdict.then(
        (later) => (later.allowed ? later : this.#refuse(client, ask, later)),
        (error: unknown) => this.#fault(client, ask, error),
      );
    } catch (error) {
      return this.#fault(client, ask, error);
    }
  }

  #isShut({ ip }: ClientAbout): boolean {
    return this.#pace.isShut(addressOf(ip));
  }

  #fault(client: ClientAbout, ask: Ask, error: unknown): Refusal {
    this.#log.error({ err: error, client: client.remote }, 'rule failed by a fault');
    return this.#tell(client, ask, refusal('fault'));
  }

  /** Held back where the address was refused too often. */
  #refuse(client: ClientAbout, ask: Ask, refused: Refusal): Refusal | Promise<Refusal> {
    this.#tell(client, ask, refused);
    const address = addressOf(client.ip);
    const pace = this.#pace;
    if (!pace.refused(address, this.#monotonicMs())) return refused;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        pace.release(address);
        resolve(refused);
      }, HOLD_MS);
      timer.unref();
    });
  }

  #tell({ remote, ip, protocol, agent }: ClientAbout, { action, name }: Ask, refused: Refusal): Refusal {
    const { reason } = refused;
    const fields = { key: scopedName(name), client: remote, protocol, agent, reason };
    // Who floods has one line that is counted, rather than one each.
    if (reason === 'refusals-per-address') this.#log.warn({ reason, client: ip }, 'clients refused unjudged');
    else this.#log.info(fields, action === 'publish' ? 'publish refused' : 'play refused');
    return refused;
  }
}

function allRules({ publish, play, apps }: Lists): readonly Rule[] {
  const ofApps = [...apps.values()].flatMap((lists) => [...(lists.publish ?? []), ...(lists.play ?? [])]);
  return [...publish, ...play, ...ofApps];
}

/** What counts as one address: IPv4, or a /64 of IPv6. */
function addressOf(ip: string): string {
  const network = ipv6Groups(ip)?.slice(0, 4);
  return network === undefined ? ip : `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

/** Lets everybody do everything, and believes who says that it is a member. */
export const OPEN_GUARD: Guard = {
  client: () => ({
    lets: () => true,
    judge: () => ALLOWED,
    refuse: (_, reason) => refusal(reason),
    closed: () => {},
  }),
  proveRelay: () => '',
  checkRelay: () => 'unproven',
  configure: () => {},
  stop: () => Promise.resolve(),
};
