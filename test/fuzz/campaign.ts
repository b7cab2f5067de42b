import { awaitCondition, withDeadline } from '@headwater/testing/await-condition';
import { Bystanders } from './bystanders.js';
import { makeSession } from './make-session.js';
import type { ProbeSample } from './member-probe.js';
import { MemberUnderTest } from './member-under-test.js';
import { memoryProblem } from './memory-rule.js';
import { type Recording, readRecordings } from './record.js';
import { runSession } from './run-session.js';
import type { Session } from './session.js';

export interface CampaignOptions {
  readonly seed: number;
  readonly sessions: number;
  /** Sessions under way at a time. */
  readonly atOnce?: number;
  readonly onSample?: (done: number, sample: ProbeSample) => void;
  /** Where the machine has other work: longest that a player may hear nothing, and that the event loop may stand still. */
  readonly silenceMsMax?: number;
  readonly stallMsMax?: number;
}

export interface CampaignResult {
  readonly sessions: number;
  readonly elapsedMs: number;
  /** How many there were of each origin: recordings by name, grammars. */
  readonly made: Readonly<Record<string, number>>;
  readonly samples: readonly ProbeSample[];
  readonly longestSilenceMs: number;
  readonly longestStallMs: number;
  readonly readsOfPlayers: { readonly rtmp: number; readonly http: number };
  /** Empty where all is well; each with what to do to see it again. */
  readonly failures: readonly string[];
}

const AT_ONCE = 96;
/** No session takes nearly as long, connecting three times included. */
const SESSION_MS = 60_000;
const SAMPLES = 24;
/** A player that hears nothing for longer has noticed. The fuzzer's own work is in it. */
export const SILENCE_MS_MAX = 5000;
/** The member's event loop may not stand still for longer. */
export const STALL_MS_MAX = 2000;
/** Sessions that ended shortly before the member did may have killed it as well as those under way. */
const SUSPECTS_BEFORE = 50;
const END_TOLD_MS = 1000;
/** Loopback has many addresses; one alone would run out of ports. */
const ADDRESSES = 200;

/** Runs sessions 0 to `sessions` of a seed against one member, and judges it. */
export async function runCampaign({
  seed,
  sessions,
  atOnce = AT_ONCE,
  onSample,
  silenceMsMax = SILENCE_MS_MAX,
  stallMsMax = STALL_MS_MAX,
}: CampaignOptions): Promise<CampaignResult> {
  const recordings = readRecordings();
  const startMs = performance.now();
  const failures: string[] = [];
  const samples: ProbeSample[] = [];
  const made: Record<string, number> = {};
  const underWay = new Set<number>();
  const member = await MemberUnderTest.start();
  const bystanders = await Bystanders.start(member);
  const stepSessions = Math.max(1, Math.ceil(sessions / SAMPLES));
  let next = 0;
  let done = 0;
  let sampling: Promise<void> = Promise.resolve();

  async function sample(): Promise<void> {
    const taken = await member.sample();
    samples.push(taken);
    onSample?.(done, taken);
  }

  async function worker(): Promise<void> {
    while (next < sessions && member.end === null && failures.length === 0) {
      const index = next;
      next += 1;
      const session = makeSession(seed, index, recordings);
      const kind = session.made.replace(/:.*/, '');
      made[kind] = (made[kind] ?? 0) + 1;
      underWay.add(index);
      try {
        const run = runSession(session, portOf(member, session), addressOf(index));
        await withDeadline('the session to end', run, SESSION_MS);
      } catch (error) {
        if (member.end === null) failures.push(`${replay(seed, index)}: ${String(error)}`);
        return;
      }
      underWay.delete(index);
      done += 1;
      if (done % stepSessions === 0) {
        sampling = sampling.then(sample).catch((error: unknown) => {
          failures.push(`after ${done} sessions: ${String(error)}`);
        });
      }
      if (bystanders.ended !== null && failures.length === 0)
        failures.push(`near ${replay(seed, index)}: ${bystanders.ended}`);
    }
  }

  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, sessions) }, worker));
    await sampling;
    if (member.end === null) {
      await settled(member).catch((error: unknown) => failures.push(String(error)));
      for (let i = 0; i < 3; i += 1) await sample();
    }
  } catch (error) {
    failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { longestSilenceMs, readsOfPlayers } = bystanders;
  await bystanders.stop();
  const longestStallMs = Math.max(0, ...samples.map(({ stalledMs }) => stalledMs));
  // Who finds nobody there hears of it before the member's end is told.
  if (failures.length > 0) await member.ended(END_TOLD_MS);
  if (member.end !== null) {
    failures.length = 0;
    const suspects = [...Array(SUSPECTS_BEFORE + atOnce).keys()]
      .map((i) => next - 1 - i)
      .filter((index) => index >= 0);
    const killers = await culprits(seed, suspects, recordings);
    failures.push(
      `the member ended (${member.end})`,
      ...(killers.length > 0 ? killers : [...underWay]).map((index) => replay(seed, index)),
      member.lastWords,
    );
  } else {
    const problem = memoryProblem(samples);
    if (problem !== null) failures.push(`${problem}; --seed ${seed} --sessions ${sessions}`);
    if (longestSilenceMs > silenceMsMax)
      failures.push(`a player heard nothing for ${Math.round(longestSilenceMs)} ms; --seed ${seed}`);
    if (longestStallMs > stallMsMax)
      failures.push(`the event loop stood still for ${Math.round(longestStallMs)} ms; --seed ${seed}`);
  }
  await member.stop();
  const elapsedMs = performance.now() - startMs;
  return {
    sessions: done,
    elapsedMs,
    made,
    samples,
    longestSilenceMs,
    longestStallMs,
    readsOfPlayers,
    failures,
  };
}

/** Runs one session alone; what became of the member is told by its last words. */
export async function runOne(
  seed: number,
  index: number,
): Promise<{ session: Session; end: string | null; log: string }> {
  const session = makeSession(seed, index, readRecordings());
  const member = await MemberUnderTest.start();
  try {
    await runSession(session, portOf(member, session), addressOf(index));
    await settled(member).catch(() => {});
    return { session, end: member.end, log: member.lastWords };
  } finally {
    await member.stop();
  }
}

/** Which of these kill a fresh member each by itself. */
async function culprits(
  seed: number,
  suspects: readonly number[],
  recordings: readonly Recording[],
): Promise<number[]> {
  const found: number[] = [];
  let member = await MemberUnderTest.start();
  for (const index of suspects) {
    const session = makeSession(seed, index, recordings);
    const isTaken = await runSession(session, portOf(member, session), addressOf(index)).then(
      () => true,
      () => false,
    );
    const isAlive = await member.sample().then(
      () => true,
      () => false,
    );
    if (isTaken && isAlive) continue;
    found.push(index);
    await member.stop();
    member = await MemberUnderTest.start();
  }
  await member.stop();
  return found;
}

/** Everything that hostile sessions left has run into its limit: only the bystanders' stream is there. */
async function settled(member: MemberUnderTest): Promise<void> {
  await awaitCondition(
    'the end of everything that hostile sessions left',
    async () => {
      if (member.end !== null) return true;
      const response = await fetch(`http://127.0.0.1:${member.apiPort}/api/v1/streams`, {
        signal: AbortSignal.timeout(5000),
      });
      const { streams } = (await response.json()) as { streams: readonly { readonly key: string }[] };
      return streams.every(({ key }) => key.endsWith('/live/bystander'));
    },
    { deadlineMs: 15_000, everyMs: 100 },
  );
}

const portOf = (member: MemberUnderTest, session: Session): number =>
  session.port === 'rtmp' ? member.rtmpPort : member.httpPort;

const addressOf = (index: number): string => `127.0.1.${1 + (index % ADDRESSES)}`;

/** The line that does it again. */
const replay = (seed: number, index: number): string => `npm run fuzz -- --seed ${seed} --only ${index}`;
