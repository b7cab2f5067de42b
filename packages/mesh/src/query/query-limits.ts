/** Longest question, bytes: part of the contract (docs/wire.md). */
export const QUESTION_BYTES_MAX = 64 * 1024;

/** Longest answer, bytes: part of the contract (docs/wire.md). Who asks may say less. */
export const ANSWER_BYTES_MAX = 1024 * 1024;

/** What the answers to one question to all members may hold together, bytes: each member is told its share. */
export const ANSWERS_BYTES_MAX = 32 * 1024 * 1024;

/** Longest name of a kind of question. */
export const QUESTION_KIND_LENGTH_MAX = 64;

/** Longest sentence in a refusal. */
export const REFUSAL_TEXT_LENGTH_MAX = 255;

/** How long an answer is waited for where the asker does not say, and at most, ms. */
export const DEADLINE_MS = 800;
export const DEADLINE_MS_MAX = 30_000;

/** What is not answered by then is answered as failed, and keeps no place from others: longer than anybody waits. */
export const ANSWERING_MS_MAX = DEADLINE_MS_MAX + 1_000;

/** Questions of this member under way to one other, and to all. */
export const ASKED_PER_MEMBER_MAX = 8;
export const ASKED_MAX = 1024;

/** Questions of one other member that are answered at once, and of all. */
export const ANSWERED_PER_MEMBER_MAX = 16;
export const ANSWERED_MAX = 64;

/** Questions a second that one other member is answered. */
export const QUESTIONS_PER_SECOND_MAX = 100;

/** Streams of one connection on which a question may be under way or yet to come. */
export const QUERY_STREAMS_MAX = 32;

/** A stream on which no question came after this time is closed; so is one that does not end after its answer. */
export const QUERY_STREAM_MS = 5_000;
