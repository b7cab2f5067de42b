import type { MemberId } from '@headwater/directory';

/** Why a member did not answer. */
export type NoAnswerReason =
  /** No connection with it stands at the moment. */
  | 'not-connected'
  /** It is of a release that answers no questions of any kind. */
  | 'not-supported'
  /** It answers questions, but of this kind it has not heard. */
  | 'unknown-question'
  | 'deadline'
  | 'connection-lost'
  /** Too many questions are under way already, here or there. */
  | 'busy'
  /** The question or its answer is larger than allowed. */
  | 'too-large'
  /** It met a fault of its own, or answered what cannot be read. */
  | 'failed';

export type Answer =
  | { readonly isAnswered: true; readonly payload: unknown }
  | { readonly isAnswered: false; readonly reason: NoAnswerReason };

/** What came of a question to everybody: each member that counts as there is in one of the lists. */
export interface Answers {
  readonly answers: readonly { readonly member: MemberId; readonly payload: unknown }[];
  readonly missing: readonly { readonly member: MemberId; readonly reason: NoAnswerReason }[];
}

export interface AskOptions {
  /** How long to wait, ms of this process's own time; absent: 800, at most 30,000. */
  readonly deadlineMs?: number;
}

/** What whoever answers knows of the question. */
export interface Asked {
  /** This member itself where it asked everybody. */
  readonly from: MemberId;
  /** Longest answer that is taken, bytes of JSON. */
  readonly bytesMax: number;
}

/**
 * Answers questions of one kind. The payload is what another member sent: hostile until parsed. What is returned must go
 * into JSON. What throws is logged here, and the asker hears that it failed.
 */
export type QuestionHandler = (payload: unknown, asked: Asked) => unknown | Promise<unknown>;

/** How members ask each other for what is not told to everybody. */
export interface MeshQuestions {
  /** Payloads are JSON values. Never rejects: who did not answer, and why, is part of the result. */
  ask(member: MemberId, kind: string, payload: unknown, options?: AskOptions): Promise<Answer>;
  /** Every member that is not dead or gone, this one too. Never rejects. */
  askAll(kind: string, payload: unknown, options?: AskOptions): Promise<Answers>;
  /** At most one handler for each kind. Returns how to stop answering. */
  onQuestion(kind: string, handler: QuestionHandler): () => void;
}
