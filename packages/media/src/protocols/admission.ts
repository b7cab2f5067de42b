import type { StreamName } from '@headwater/directory';
import type { Ask, Grant, GuardedClient, Refusal, Verdict } from '@headwater/guard';

/** What an allowed client begins with. */
export interface Admitted {
  /** The stream it named, or the one that it is to have instead. */
  readonly name: StreamName;
  /** Whether it may still be redirected; not where a hook was asked about its being here. */
  readonly mayRedirect: boolean;
}

export interface AdmissionAnswers {
  admitted(admitted: Admitted): void;
  refused(refusal: Refusal): void;
}

/**
 * One publish or play at the guard: from the question, over the time in which it is allowed, to its end, of which the guard
 * hears once. Answers come at once where the guard knows at once, and none after `end`. Answers may throw only in the
 * former case; later ones are to be fenced by who asks.
 */
export class Admission {
  readonly #client: GuardedClient;
  #grant: Grant | null = null;
  #isOver = false;

  constructor(client: GuardedClient) {
    this.#client = client;
  }

  ask(ask: Ask, answers: AdmissionAnswers): void {
    const verdict = this.#client.judge(ask);
    if (verdict instanceof Promise) void verdict.then((later) => this.#take(ask, later, answers));
    else this.#take(ask, verdict, answers);
  }

  /** Who is sent to another member is not asked about here by hooks: that one does it, and hears of the end. */
  askToPlay(
    ask: Omit<Ask, 'action' | 'asksHooks'>,
    isSentAway: () => boolean,
    answers: AdmissionAnswers,
  ): void {
    let sentAway: boolean | null = null;
    this.ask(
      {
        action: 'play',
        name: ask.name,
        query: ask.query,
        // A route is not looked up where there are no rules.
        get asksHooks() {
          sentAway ??= isSentAway();
          return !sentAway;
        },
      },
      {
        refused: (refusal) => answers.refused(refusal),
        admitted: (admitted) => {
          // While the rules were asked, the stream may have come here.
          if (sentAway !== true || isSentAway()) answers.admitted(admitted);
          else this.#askAgain(ask, answers);
        },
      },
    );
  }

  /** Calls back where the allowance is taken back. */
  onRevoked(listener: (text: string) => void): void {
    this.#grant?.onRevoked((text) => {
      if (!this.#isOver) listener(text);
    });
  }

  /** It is over, or the client is gone before it could begin. May be called twice. */
  end(): void {
    this.#isOver = true;
    this.#grant?.ended();
    this.#grant = null;
  }

  #askAgain(ask: Omit<Ask, 'action' | 'asksHooks'>, answers: AdmissionAnswers): void {
    this.#grant?.ended();
    this.#grant = null;
    this.ask({ ...ask, action: 'play', asksHooks: true }, answers);
  }

  #take(ask: Ask, verdict: Verdict, answers: AdmissionAnswers): void {
    if (this.#isOver) {
      if (verdict.allowed) verdict.grant.ended();
      return;
    }
    if (!verdict.allowed) {
      answers.refused(verdict);
      return;
    }
    this.#grant = verdict.grant;
    answers.admitted({ name: verdict.grant.name ?? ask.name, mayRedirect: !verdict.grant.keepsHere });
  }
}
