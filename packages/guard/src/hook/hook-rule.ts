import type { GuardLog } from '../guard-log.js';
import type { Outcome, Rule, RuleAsk } from '../rules/rule.js';
import { ALLOW, PASS } from '../rules/rule.js';
import type { HookRuleConfig } from '../rules/rule-config.js';
import { type Grant, type RefusalReason, refusal } from '../verdict.js';
import { PoolFullError } from './call-pool.js';
import type { EndDesk } from './end-desk.js';
import { renamed } from './hook-answer.js';
import type { HookFacts } from './hook-body.js';
import type { HookCaller } from './hook-caller.js';
import type { HookEvent } from './hook-event.js';

export interface HookRuleParts {
  readonly caller: HookCaller;
  readonly ends: EndDesk;
  readonly log: GuardLog;
}

/** What all URLs of one event said. */
type Said =
  | { readonly isYes: true; readonly name: RuleAsk['name'] }
  | { readonly isYes: false; readonly reason: RefusalReason; readonly hasYes: boolean };

const END_OF = { connect: 'close', publish: 'unpublish', play: 'stop' } as const;

/** Asks a hook, and tells it the end of what it allowed. */
export class HookRule implements Rule {
  readonly isRequired = false;
  readonly #config: HookRuleConfig;
  readonly #parts: HookRuleParts;

  constructor(config: HookRuleConfig, parts: HookRuleParts) {
    this.#config = config;
    this.#parts = parts;
  }

  judge(ask: RuleAsk): Outcome | Promise<Outcome> {
    const decides = this.#urls(ask.action).length > 0 || this.#connectUrls(ask).length > 0;
    if (!decides) return ask.asksHooks ? { kind: 'pass', onAllowed: () => this.#grant(ask) } : PASS;
    // Who serves the client asks; here it would be asked twice.
    if (!ask.asksHooks && !this.#config.askBeforeRedirect) return ALLOW;
    return this.#decide(ask);
  }

  close(): void {
    this.#parts.caller.close();
  }

  async #decide(ask: RuleAsk): Promise<Outcome> {
    const connect = await this.#connect(ask);
    if (!connect.isYes) return { kind: 'deny', refusal: refusal(connect.reason) };
    const said = await this.#askAll(ask.action, ask);
    if (said.isYes) return { kind: 'allow', grant: this.#grant({ ...ask, name: said.name }, ask) };
    // Who said yes before another URL said no hears that nothing came of it.
    if (said.hasYes) this.#tell(END_OF[ask.action], ask);
    return { kind: 'deny', refusal: refusal(said.reason) };
  }

  /** SRS asks about the connection; here, before its first publish or play, which tells what it is for. */
  #connect(ask: RuleAsk): Promise<Said> {
    const urls = this.#connectUrls(ask);
    if (urls.length === 0) return Promise.resolve({ isYes: true, name: ask.name });
    return ask.hooks.once(urls.join(' '), async () => {
      const said = await this.#askAll('connect', ask);
      if (said.isYes || said.hasYes)
        ask.hooks.onClosed(({ sent, received }) => this.#tell('close', ask, { sent, received }));
      return said;
    });
  }

  #connectUrls({ client }: RuleAsk): readonly string[] {
    return client.protocol === 'rtmp' ? this.#urls('connect') : [];
  }

  /** URLs in their order; the first no is the end of it. */
  async #askAll(event: 'connect' | 'publish' | 'play', ask: RuleAsk): Promise<Said> {
    let { name } = ask;
    let hasYes = false;
    for (const url of this.#urls(event)) {
      const said = await this.#askOne(url, event, { ...ask, name });
      if ('reason' in said) return { isYes: false, reason: said.reason, hasYes };
      hasYes = true;
      name = said.name;
    }
    return { isYes: true, name };
  }

  async #askOne(
    url: string,
    event: 'connect' | 'publish' | 'play',
    ask: RuleAsk,
  ): Promise<{ readonly name: RuleAsk['name'] } | { readonly reason: RefusalReason }> {
    const about = { hook: `on_${event}`, client: ask.client.remote, key: ask.scoped };
    try {
      const answer = await this.#parts.caller.ask(url, this.#facts(event, ask));
      if (answer.kind === 'no') {
        this.#parts.log.debug({ ...about, reason: answer.why }, 'hook said no');
        return { reason: 'hook-refused' };
      }
      const name = answer.rename === undefined ? ask.name : renamed(ask.name, answer.rename);
      return name === null ? { reason: 'hook-name' } : { name };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isAllowed = this.#config.onFailure === 'allow';
      this.#parts.log.warn({ ...about, reason, allowed: isAllowed }, 'hook gave no answer');
      if (isAllowed) return { name: ask.name };
      return { reason: error instanceof PoolFullError ? 'hook-busy' : 'hook-failed' };
    }
  }

  /** `asked`: as the client named it, where the hook renamed the stream; ends tell that name, as nginx-rtmp's do. */
  #grant(ask: RuleAsk, asked: RuleAsk = ask): Grant {
    let isOver = false;
    let onRevoked: ((text: string) => void) | null = null;
    const timer = this.#startUpdates(asked, (text) => {
      if (!isOver) onRevoked?.(text);
    });
    return {
      ...(ask.name === asked.name ? {} : { name: ask.name }),
      keepsHere: !this.#config.askBeforeRedirect,
      ended: () => {
        if (isOver) return;
        isOver = true;
        clearInterval(timer);
        this.#tell(END_OF[ask.action], asked);
      },
      onRevoked: (listener) => {
        onRevoked = listener;
      },
    };
  }

  #startUpdates(ask: RuleAsk, revoke: (text: string) => void): NodeJS.Timeout | undefined {
    const urls = this.#urls('update');
    if (urls.length === 0) return undefined;
    let isAsking = false;
    const timer = setInterval(async () => {
      // A hook that is slower than that is not asked the same twice at once.
      if (isAsking) return;
      isAsking = true;
      await this.#update(urls, ask, revoke);
      isAsking = false;
    }, this.#config.updateMs);
    timer.unref();
    return timer;
  }

  /** Never rejects. A hook that does not answer changes nothing. */
  async #update(urls: readonly string[], ask: RuleAsk, revoke: (text: string) => void): Promise<void> {
    for (const url of urls) {
      try {
        const answer = await this.#parts.caller.ask(url, this.#facts('update', ask));
        if (answer.kind === 'no') revoke('the hook said no to going on');
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#parts.log.warn(
          { hook: 'on_update', client: ask.client.remote, reason, allowed: true },
          'hook gave no answer',
        );
      }
    }
  }

  #tell(event: HookEvent, ask: RuleAsk, bytes?: { readonly sent: number; readonly received: number }): void {
    const urls = this.#urls(event);
    if (urls.length === 0) return;
    const { caller, ends } = this.#parts;
    const facts = { ...this.#facts(event, ask), ...(bytes === undefined ? {} : { bytes }) };
    ends.tell(ask.hooks, { caller, urls, facts, retryMs: this.#config.retryMs });
  }

  #facts(event: HookEvent, { action, client, hooks, name, query }: RuleAsk): HookFacts {
    return { event, action, client, clientNumber: hooks.number, name, query };
  }

  #urls(event: HookEvent): readonly string[] {
    return this.#config.urls[event] ?? [];
  }
}
