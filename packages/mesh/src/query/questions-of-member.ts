import { claimsStand, type Liveness, type MemberId } from '@headwater/directory';
import { Allowance } from '../core/allowance.js';
import { withDeadline } from '../deadline.js';
import type { MeshLog } from '../mesh.js';
import { OwnTimeout } from '../transport/own-timeout.js';
import {
  ANSWER_HEAD_BYTES,
  decodeQuestion,
  decodeReply,
  encodeQuery,
  type Question,
  type RefusalCode,
  type Reply,
} from '../wire/query-codec.js';
import { Concurrency } from './concurrency.js';
import type {
  Answer,
  Answers,
  AskOptions,
  MeshQuestions,
  NoAnswerReason,
  QuestionHandler,
} from './mesh-questions.js';
import {
  ANSWER_BYTES_MAX,
  ANSWERED_MAX,
  ANSWERED_PER_MEMBER_MAX,
  ANSWERING_MS_MAX,
  ANSWERS_BYTES_MAX,
  ASKED_MAX,
  ASKED_PER_MEMBER_MAX,
  DEADLINE_MS,
  DEADLINE_MS_MAX,
  QUESTION_BYTES_MAX,
  QUESTIONS_PER_SECOND_MAX,
} from './query-limits.js';
import { QueryStreamError, type QueryStreams, type ReplyBytes } from './query-streams.js';

/** What answering and asking needs to know of the mesh. */
export interface Acquainted {
  readonly self: MemberId;
  members(): Iterable<{ readonly id: MemberId; readonly liveness: Liveness }>;
  /** It said hello, in a version that both speak, on a connection that still stands. */
  isGreeted(member: MemberId): boolean;
  offence(member: MemberId, reason: string): void;
}

/** The questions of one running member: those that it asks, and those that it is asked. */
export class QuestionsOfMember implements MeshQuestions {
  readonly #log: MeshLog;
  readonly #now: () => number;
  readonly #handlers = new Map<string, QuestionHandler>();
  readonly #asked = new Concurrency(ASKED_PER_MEMBER_MAX, ASKED_MAX);
  readonly #answered = new Concurrency(ANSWERED_PER_MEMBER_MAX, ANSWERED_MAX);
  readonly #allowances = new Map<MemberId, Allowance>();
  #mesh: Acquainted | null = null;
  #streams: QueryStreams | null = null;
  #isStopped = false;

  constructor(log: MeshLog, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** From now on others can be asked; without streams this member is alone with its questions. */
  start(mesh: Acquainted, streams: QueryStreams | null): void {
    this.#mesh = mesh;
    this.#streams = streams;
    streams
      ?.serve(
        (from, bytes) => this.#reply(mesh, from, bytes),
        (from, reason) => mesh.offence(from, reason),
      )
      .catch((error: Error) => this.#log.error({ reason: error.message }, 'mesh answers no questions'));
  }

  stop(): void {
    this.#isStopped = true;
    this.#handlers.clear();
  }

  /** The connection with it is gone: what it was allowed begins anew with the next. */
  forget(member: MemberId): void {
    this.#allowances.delete(member);
  }

  onQuestion(kind: string, handler: QuestionHandler): () => void {
    if (this.#handlers.has(kind)) throw new Error(`two handlers for the question ${kind}`);
    this.#handlers.set(kind, handler);
    return () => this.#handlers.delete(kind);
  }

  ask(member: MemberId, kind: string, payload: unknown, options: AskOptions = {}): Promise<Answer> {
    return this.#ask(member, kind, payload, options, ANSWER_BYTES_MAX);
  }

  async askAll(kind: string, payload: unknown, options: AskOptions = {}): Promise<Answers> {
    const members = [...(this.#mesh?.members() ?? [])].filter(({ liveness }) => claimsStand(liveness));
    const share = Math.floor(ANSWERS_BYTES_MAX / Math.max(1, members.length));
    const bytesMax = Math.min(ANSWER_BYTES_MAX, share);
    const replies = await Promise.all(
      members.map(async ({ id }) => ({ id, answer: await this.#ask(id, kind, payload, options, bytesMax) })),
    );
    const answers: Answers['answers'][number][] = [];
    const missing: Answers['missing'][number][] = [];
    for (const { id, answer } of replies) {
      if (answer.isAnswered) answers.push({ member: id, payload: answer.payload });
      else missing.push({ member: id, reason: answer.reason });
    }
    return { answers, missing };
  }

  async #ask(
    member: MemberId,
    kind: string,
    payload: unknown,
    { deadlineMs = DEADLINE_MS }: AskOptions,
    bytesMax: number,
  ): Promise<Answer> {
    const mesh = this.#mesh;
    if (mesh === null || this.#isStopped) return noAnswer('not-connected');
    const waitMs = Math.max(1, Math.min(Math.ceil(deadlineMs), DEADLINE_MS_MAX));
    const isOwn = member === mesh.self;
    if (!isOwn && (this.#streams === null || !mesh.isGreeted(member))) return noAnswer('not-connected');
    const body = bodyOf(payload);
    if (body instanceof Error) return this.#failed(body, member, kind);
    const question: Question = {
      kind: 'question',
      name: kind,
      deadlineMs: waitMs,
      answerBytesMax: bytesMax,
      body,
    };
    const bytes = encodeQuery(question);
    if (bytes.byteLength > QUESTION_BYTES_MAX) return noAnswer('too-large');
    // The same as others get of it, no object of the asker's.
    if (isOwn) return await this.#askSelf(kind, parseJson(body), waitMs, bytesMax);
    if (this.#streams === null) return noAnswer('not-connected');
    const done = this.#asked.take(member);
    if (done === null) return noAnswer('busy');
    const timeout = new OwnTimeout(waitMs, 'deadline');
    try {
      return this.#read(mesh, member, await this.#streams.ask(member, bytes, bytesMax, timeout.signal));
    } catch (error) {
      if (error instanceof QueryStreamError) return noAnswer(error.reason);
      return this.#failed(error, member, kind);
    } finally {
      timeout.clear();
      done();
    }
  }

  /** By a fault of this program. */
  #failed(err: unknown, member: MemberId, kind: string): Answer {
    this.#log.error({ err, member, kind }, 'question failed');
    return noAnswer('failed');
  }

  async #askSelf(kind: string, payload: unknown, waitMs: number, bytesMax: number): Promise<Answer> {
    const { self } = this.#mesh as Acquainted;
    const timeout = new OwnTimeout(waitMs, 'deadline');
    const late = new Promise<Answer>((resolve) => {
      timeout.signal.addEventListener('abort', () => resolve(noAnswer('deadline')));
    });
    const reply = this.#handle(self, kind, payload, bytesMax).then((reply): Answer => {
      if (reply.kind === 'refusal') return noAnswer(reasonOf(reply.code));
      return { isAnswered: true, payload: JSON.parse(Buffer.from(reply.body).toString()) };
    });
    return await Promise.race([reply, late]).finally(() => timeout.clear());
  }

  #read(mesh: Acquainted, member: MemberId, bytes: Uint8Array): Answer {
    const decoded = decodeReply(bytes);
    if (decoded.kind === 'malformed') {
      mesh.offence(member, `answer: ${decoded.reason}`);
      return noAnswer('failed');
    }
    if (decoded.kind === 'unknown') return noAnswer('failed');
    const reply = decoded.message;
    if (reply.kind === 'refusal') return noAnswer(reasonOf(reply.code));
    const payload = parseJson(reply.body);
    if (payload !== undefined) return { isAnswered: true, payload };
    mesh.offence(member, 'answer: no JSON');
    return noAnswer('failed');
  }

  /** Never rejects. */
  async #reply(mesh: Acquainted, from: MemberId, bytes: Uint8Array): Promise<ReplyBytes> {
    const done = this.#answered.take(from);
    if (done === null) return { bytes: encodeQuery(refusal('busy')), done: () => {} };
    const reply = await this.#replyTo(mesh, from, bytes).catch((error: unknown) => {
      this.#log.error({ err: error, member: from }, 'question not answered');
      return refusal('failed');
    });
    return { bytes: encodeQuery(reply), done };
  }

  async #replyTo(mesh: Acquainted, from: MemberId, bytes: Uint8Array): Promise<Reply> {
    if (!mesh.isGreeted(from)) return refusal('not-greeted');
    const decoded = decodeQuestion(bytes);
    if (decoded.kind === 'malformed') {
      mesh.offence(from, `question: ${decoded.reason}`);
      return refusal('bad-question', decoded.reason);
    }
    if (decoded.kind === 'unknown') return refusal('unknown-question');
    const { name, body, answerBytesMax } = decoded.message;
    const payload = parseJson(body);
    if (payload === undefined) {
      mesh.offence(from, 'question: no JSON');
      return refusal('bad-question', 'the body is no JSON');
    }
    if (!this.#allows(from)) return refusal('busy');
    return await this.#handle(from, name, payload, answerBytesMax);
  }

  async #handle(from: MemberId, name: string, payload: unknown, answerBytesMax: number): Promise<Reply> {
    const handler = this.#handlers.get(name);
    if (handler === undefined) return refusal('unknown-question');
    const bytesMax = Math.max(0, answerBytesMax - ANSWER_HEAD_BYTES);
    try {
      const handling = Promise.resolve(handler(payload, { from, bytesMax }));
      // What never ends, as on a disk that hangs, would keep its place from others for good.
      const answer = await withDeadline('the handler', ANSWERING_MS_MAX, handling);
      const body = Buffer.from(JSON.stringify(answer ?? null));
      return body.byteLength > bytesMax ? refusal('too-large') : { kind: 'answer', body };
    } catch (error) {
      this.#log.error({ err: error, member: from, question: name }, 'question not answered');
      return refusal('failed');
    }
  }

  #allows(member: MemberId): boolean {
    const allowance = this.#allowances.get(member) ?? new Allowance(QUESTIONS_PER_SECOND_MAX);
    this.#allowances.set(member, allowance);
    return allowance.take(this.#now());
  }
}

const refusal = (code: RefusalCode, text = ''): Reply => ({ kind: 'refusal', code, text });

const noAnswer = (reason: NoAnswerReason): Answer => ({ isAnswered: false, reason });

/** Who answered that it was not greeted is connected anew and has not heard our hello yet. */
const REASONS: Readonly<Record<RefusalCode, NoAnswerReason>> = {
  failed: 'failed',
  'unknown-question': 'unknown-question',
  busy: 'busy',
  'bad-question': 'failed',
  'too-large': 'too-large',
  'not-greeted': 'not-connected',
};

const reasonOf = (code: RefusalCode): NoAnswerReason => REASONS[code];

/** Undefined, which no JSON is, where it is none. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** As JSON, or why it is none. */
function bodyOf(payload: unknown): Buffer | Error {
  try {
    return Buffer.from(JSON.stringify(payload ?? null));
  } catch (error) {
    return error as Error;
  }
}
