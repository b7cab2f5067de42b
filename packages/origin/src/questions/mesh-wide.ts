import type { MemberId } from '@headwater/directory';
import type { MeshQuestions, NoAnswerReason } from '@headwater/mesh';
import * as v from 'valibot';
import { type AnswerTo, type Ask, QUESTIONS, type QuestionAnswers, type QuestionName } from './questions.js';

export interface AnswerOf<Q extends QuestionName> {
  readonly member: MemberId;
  readonly answer: AnswerTo<Q>;
}

export interface Missing {
  readonly member: MemberId;
  readonly reason: NoAnswerReason;
}

/** The questions of `QUESTIONS`, asked of members by their types; what comes back is checked. */
export class MeshWide {
  readonly #mesh: MeshQuestions;

  constructor(mesh: MeshQuestions) {
    this.#mesh = mesh;
  }

  /** Answers of every member that counts as there, this one's too, and who did not answer. Takes 0.8 s at most. */
  async askAll<Q extends QuestionName>(
    name: Q,
    ask: Ask<Q>,
  ): Promise<{ readonly answers: readonly AnswerOf<Q>[]; readonly missing: readonly Missing[] }> {
    const all = await this.#mesh.askAll(name, ask);
    const answers: AnswerOf<Q>[] = [];
    const missing: Missing[] = [...all.missing];
    for (const { member, payload } of all.answers) {
      const answer = read(name, payload);
      if (answer === null) missing.push({ member, reason: 'failed' });
      else answers.push({ member, answer });
    }
    return { answers, missing };
  }

  async ask<Q extends QuestionName>(member: MemberId, name: Q, ask: Ask<Q>): Promise<AnswerOf<Q> | Missing> {
    const given = await this.#mesh.ask(member, name, ask, { deadlineMs: ACT_MS });
    if (!given.isAnswered) return { member, reason: given.reason };
    const answer = read(name, given.payload);
    return answer === null ? { member, reason: 'failed' } : { member, answer };
  }
}

/** One member that is asked to do something may take longer than what everybody is asked to tell, ms. */
const ACT_MS = 2_000;

function read<Q extends QuestionName>(name: Q, payload: unknown): AnswerTo<Q> | null {
  const parsed = v.safeParse(QUESTIONS[name].answer, payload);
  return parsed.success ? (parsed.output as AnswerTo<Q>) : null;
}

/**
 * Lets this member answer what others ask. `told` hears who had what done. A question that cannot be
 * read fails for the asker alone.
 */
export function answerQuestions(
  mesh: Pick<MeshQuestions, 'onQuestion'>,
  answers: QuestionAnswers,
  told: (name: QuestionName, from: MemberId) => void,
): void {
  const names = Object.keys(QUESTIONS) as QuestionName[];
  for (const name of names) mesh.onQuestion(name, (payload, { from }) => answer(name, payload, from));

  async function answer<Q extends QuestionName>(
    name: Q,
    payload: unknown,
    from: MemberId,
  ): Promise<AnswerTo<Q>> {
    const ask = v.parse(QUESTIONS[name].ask, payload) as Ask<Q>;
    const answer: AnswerTo<Q> = await answers[name](ask);
    if ('done' in answer && answer.done) told(name, from);
    return answer;
  }
}
