import { amount } from '@headwater/testing/long-run';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type EncoderSettings,
  type Kind,
  ModelEncoder,
  ModelPlayer,
  type Told,
  type Turn,
} from '../testing/joining-model.js';
import { StreamWorld } from '../testing/stream-world.js';
import type { TrackWants, WireFormat } from './player.js';

const STEP_MS = 20;
const LENGTH_MS = 24_000;

const track = fc.constantFrom<Kind>('audio', 'video');
const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({ kind: fc.constantFrom('off', 'on'), track }),
  fc.record({ kind: fc.constantFrom('off', 'on'), track }),
  fc.record({
    kind: fc.constant('configuration'),
    track: fc.constantFrom<Kind | 'both'>('audio', 'video', 'both'),
    isAmidGop: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom('headers-again', 'empty-headers', 'command', 'data', 'restart', 'metadata'),
  }),
  fc.record({ kind: fc.constant('pause'), ms: fc.integer({ min: 300, max: 5000 }) }),
) as fc.Arbitrary<Turn>;

const encoder: fc.Arbitrary<EncoderSettings> = fc.record({
  firstMs: fc.constantFrom(0, 100_000, 2 ** 24 - 8000, 2 ** 32 - 8000),
  stepsMs: fc.record({
    audio: fc.constantFrom(23, 60, 100),
    video: fc.constantFrom(40, 67, 100),
  }),
  gopMs: fc.constantFrom(400, 1000, 4000, 10_000, null),
  hasFirstKeyframe: fc.boolean(),
  announces: fc.constantFrom(
    null,
    { audio: true, video: true },
    { audio: true, video: false },
    { audio: false, video: true },
  ),
  begins: fc.constantFrom(
    { audio: true, video: true },
    { audio: true, video: false },
    { audio: false, video: true },
  ),
});

const at = fc.integer({ min: 0, max: LENGTH_MS / STEP_MS - 1 }).map((n) => n * STEP_MS);

const player = fc.record({
  format: fc.constantFrom<WireFormat>('rtmp', 'flv', 'ws-flv'),
  atMs: at,
  /** RTMP alone. */
  wants: fc.array(
    fc.record({ atMs: at, wants: fc.constantFrom<TrackWants>('all', 'audio', 'video', 'nothing') }),
    { maxLength: 3 },
  ),
  /** Null: all at once. */
  bytesPerS: fc.constantFrom(null, null, 100_000, 6000, 2000),
  stops: fc.array(fc.record({ atMs: at, ms: fc.integer({ min: 500, max: 8000 }) }), { maxLength: 2 }),
});

const scenario = fc.record({
  encoder,
  turns: fc.array(fc.record({ atMs: at, turn }), { maxLength: 6 }),
  players: fc.array(player, { minLength: 1, maxLength: 4 }),
  mergeMs: fc.constantFrom(0, 30, 350),
  queueBytesMax: fc.constantFrom(1_000_000, 20_000),
  queueMs: fc.constantFrom(undefined, 3000),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly #plan: Scenario;
  readonly #world: StreamWorld;
  readonly encoder: ModelEncoder;
  readonly players: {
    readonly plan: Scenario['players'][number];
    readonly player: ModelPlayer;
    dropped: number;
  }[] = [];

  constructor(plan: Scenario) {
    this.#plan = plan;
    const { mergeMs, queueBytesMax, queueMs } = plan;
    this.#world = new StreamWorld({ mergeMs, queueBytesMax, ...(queueMs === undefined ? {} : { queueMs }) });
    this.encoder = new ModelEncoder(plan.encoder);
  }

  run(): void {
    const { turns, players, queueBytesMax } = this.#plan;
    const publisher = this.#world.publish();
    const due = [...turns].sort((a, b) => a.atMs - b.atMs);
    for (const frame of this.encoder.opening) publisher.push(frame);
    const waits = new Set<ModelPlayer>();
    for (let nowMs = 0; nowMs < LENGTH_MS; nowMs += STEP_MS) {
      for (const { player } of this.players) player.nowMs = nowMs;
      for (const [index, plan] of players.entries()) {
        if (plan.atMs !== nowMs) continue;
        const player = new ModelPlayer(`player ${index}`, plan.format);
        player.joinedAtMs = nowMs;
        player.nowMs = nowMs;
        if (plan.bytesPerS !== null) player.budget = 0;
        this.players.push({ plan, player, dropped: 0 });
        this.#world.stream.add(player);
        player.openingBytes = player.queue.queuedBytes;
      }
      for (const { plan, player } of this.players) {
        if (player.ended !== null) {
          this.#leave(player);
          continue;
        }
        const change = plan.format === 'rtmp' ? plan.wants.findLast((one) => one.atMs === nowMs) : undefined;
        if (change !== undefined) player.wants = change.wants;
        const isStopped = plan.stops.some((stop) => nowMs >= stop.atMs && nowMs < stop.atMs + stop.ms);
        if (isStopped) player.budget = 0;
        else if (plan.bytesPerS === null) player.budget = Number.POSITIVE_INFINITY;
        else player.budget = Math.min(player.budget + (plan.bytesPerS * STEP_MS) / 1000, 64_000);
        player.budget = Math.floor(player.budget);
        // Who waits for a start is given all that came before it when that is there.
        if (player.begunAtMs === null) waits.add(player);
        else if (waits.delete(player)) player.openingBytes = player.queue.queuedBytes;
        player.read();
        // What it joined with, what may wait, and one window of it.
        expect(player.queue.queuedBytes, `${player.id}: queue`).toBeLessThan(
          player.openingBytes + queueBytesMax + 40_000,
        );
      }
      while (due[0] !== undefined && due[0].atMs <= nowMs) {
        const next = due.shift();
        if (next === undefined) break;
        for (const frame of this.encoder.turn(next.turn, nowMs)) publisher.push(frame);
      }
      for (const frame of this.encoder.frames(nowMs)) publisher.push(frame);
      vi.advanceTimersByTime(STEP_MS);
      this.#world.timers.pass(STEP_MS);
      if (nowMs % 1000 === 0) this.#world.stream.endStuckPlayers(nowMs);
    }
    vi.advanceTimersByTime(1000);
    for (const { player } of this.players) {
      player.budget = Number.POSITIVE_INFINITY;
      player.read();
      this.#leave(player);
    }
    publisher.end();
    this.#world.stream.close();
  }

  #leave(player: ModelPlayer): void {
    const { stream } = this.#world;
    for (const view of stream.view().players)
      for (const one of this.players)
        if (one.player === player && view.id === player.id) one.dropped = view.framesDropped;
    stream.remove(player);
  }
}

const isTold = (told: Told | number): told is Told => typeof told !== 'number';

function check({ encoder, players }: Run, plan: Scenario): void {
  for (const { player, plan: wish, dropped } of players) {
    const who = `${player.id} ${player.format}`;
    const configuration: Record<Kind, number | null> = { audio: null, video: null };
    const last: Partial<Record<Kind, { told: Told; timestampMs: number }>> = {};
    for (const { told, kind, timestampMs } of player.got) {
      if (!isTold(told)) {
        configuration[kind] = told;
        continue;
      }
      expect(told.configuration, `${who}: configuration of ${kind} ${told.number}`).toBe(configuration[kind]);
      const before = last[kind];
      const follows = before !== undefined && before.told.number + 1 === told.number;
      if (before !== undefined) {
        expect(told.number, `${who}: ${kind} twice or back`).toBeGreaterThan(before.told.number);
        expect(
          (timestampMs - before.timestampMs) | 0,
          `${who}: time of ${kind} ${told.number}`,
        ).toBeGreaterThanOrEqual(0);
      }
      if (kind === 'video' && !follows && !told.isKeyframe) {
        const own = encoder.sent.filter(
          (one) =>
            one.kind === 'video' && one.configuration === told.configuration && one.number < told.number,
        );
        const key = own.findLast(({ isKeyframe }) => isKeyframe);
        // Where none of its configuration came for two seconds of pictures, or its sound went on alone, none is needed.
        const isRefreshed = key === undefined || told.captureMs - key.captureMs > 2000;
        expect(isRefreshed, `${who}: begins with inter frame ${told.number}`).toBe(true);
      }
      const other = last[kind === 'video' ? 'audio' : 'video'];
      const isSplit = encoder.restartsMs.some(
        (one) =>
          one > Math.min(told.captureMs, other?.told.captureMs ?? 0) - STEP_MS &&
          one <= Math.max(told.captureMs, other?.told.captureMs ?? 0),
      );
      if (other !== undefined && !isSplit && Math.abs(told.captureMs - other.told.captureMs) < 1000) {
        const apart = ((timestampMs - other.timestampMs) | 0) - (told.captureMs - other.told.captureMs);
        expect(Math.abs(apart), `${who}: sound and picture at ${told.captureMs}`).toBeLessThan(
          400 + 400 * encoder.restartsMs.length,
        );
      }
      last[kind] = { told, timestampMs };
    }
    checkWants(who, player, wish, plan.mergeMs);
    checkFlags(who, encoder, player, dropped);
    checkNear(who, encoder, player, plan, wish);
    checkLost(who, encoder, player, plan, wish, dropped);
    checkNewest(who, encoder, player, wish, dropped);
    checkStart(who, encoder, player, plan, wish);
  }
}

/** A track that is not wanted does not come; what waited already may. */
function checkWants(
  who: string,
  { got, format }: ModelPlayer,
  { wants, bytesPerS, stops, atMs: joinedAtMs }: Scenario['players'][number],
  mergeMs: number,
): void {
  if (format !== 'rtmp' || bytesPerS !== null || stops.length > 0) return;
  const ordered = wants.filter(({ atMs }) => atMs >= joinedAtMs).sort((a, b) => a.atMs - b.atMs);
  for (const { told, kind, atMs } of got) {
    if (!isTold(told)) continue;
    const wish = ordered.findLast((one) => one.atMs <= atMs);
    if (wish === undefined || atMs - wish.atMs <= mergeMs + STEP_MS) continue;
    expect(wish.wants === 'all' || wish.wants === kind, `${who}: ${kind} at ${atMs} unwanted`).toBe(true);
  }
}

/** An FLV header and what follows agree, or the response was ended. */
function checkFlags(
  who: string,
  { sent }: ModelEncoder,
  { format, begun, got, ended, begunAtMs }: ModelPlayer,
  dropped: number,
): void {
  if (format === 'rtmp' || begun === null || begunAtMs === null) return;
  const frames = got.flatMap(({ told }) => (isTold(told) ? [told] : []));
  for (const { kind } of frames) expect(begun[kind], `${who}: ${kind} unannounced`).toBe(true);
  // A track may have been there, and dropped.
  if (ended !== null || dropped > 0) return;
  for (const kind of ['audio', 'video'] as const) {
    if (!begun[kind] || frames.some((one) => one.kind === kind)) continue;
    // It may be missing for ten seconds of the other.
    const last = sent.findLast((one) => one.kind === kind)?.captureMs ?? 0;
    const others = sent.filter((one) => one.kind !== kind && one.captureMs > Math.max(last, begunAtMs));
    const passed =
      others.length * (others.length < 2 ? 0 : (others[1]?.captureMs ?? 0) - (others[0]?.captureMs ?? 0));
    if (frames.length > 0) expect(passed, `${who}: announced ${kind} never came`).toBeLessThan(12_000);
  }
}

/** What is not sent to a player that has begun is what was dropped, and is counted; but for pictures that it cannot start at. */
function checkLost(
  who: string,
  encoder: ModelEncoder,
  { got, format, ended, begunAtMs }: ModelPlayer,
  plan: Scenario,
  wish: Scenario['players'][number],
  dropped: number,
): void {
  if (format === 'rtmp' && wish.wants.length > 0) return;
  const lost = { audio: 0, video: 0 };
  let isExact = true;
  /** Dropped before the first of its track was read. */
  let head = 0;
  const firstMs = got.flatMap(({ told }) => (isTold(told) ? [told.captureMs] : []))[0] ?? 0;
  let hasHeader = false;
  for (const { told, kind } of got) {
    if (!isTold(told)) hasHeader = true;
    else {
      if (hasHeader && kind === 'audio') isExact = false;
      hasHeader = false;
    }
  }
  for (const kind of ['audio', 'video'] as const) {
    const numbers = got.flatMap(({ told }) => (isTold(told) && told.kind === kind ? [told.number] : []));
    if (numbers.length === 0) isExact = false;
    head += encoder.sent.filter(
      (one) => one.kind === kind && one.captureMs > firstMs - STEP_MS && one.number < (numbers[0] ?? 0),
    ).length;
    if (numbers.length > 0 && ended === null)
      numbers.push(encoder.sent.filter((one) => one.kind === kind).length);
    for (const [index, number] of numbers.entries())
      if (index > 0) lost[kind] += number - (numbers[index - 1] ?? 0) - 1;
  }
  const data = plan.turns.filter(({ turn }) => turn.kind === 'data').length;
  expect(lost.audio, `${who}: sound lost uncounted`).toBeLessThanOrEqual(dropped);
  if (!isExact) return;
  expect(lost.audio + lost.video, `${who}: lost uncounted`).toBeLessThanOrEqual(dropped);
  // What was dropped before it read anything is not seen here.
  const firstAtMs = got.find(({ told }) => isTold(told))?.atMs;
  if (ended === null && firstAtMs === begunAtMs)
    expect(lost.audio + lost.video + head, `${who}: counted too much`).toBeGreaterThanOrEqual(dropped - data);
}

/** What a joiner gets first is of the present GOP, and where there are no keyframes of the last two seconds and a bit. */
function checkNear(
  who: string,
  { sent }: ModelEncoder,
  { got, joinedAtMs, format }: ModelPlayer,
  { encoder }: Scenario,
  wish: Scenario['players'][number],
): void {
  if (format === 'rtmp' && wish.wants.length > 0) return;
  const first = got.find(({ told }) => isTold(told))?.told;
  if (first === undefined || !isTold(first)) return;
  // Media that came between the first frame and the join, without pauses.
  const between = sent.filter(({ captureMs }) => captureMs > first.captureMs && captureMs <= joinedAtMs);
  let passed = 0;
  let lastMs = first.captureMs;
  for (const { captureMs } of between) {
    passed += Math.min(500, captureMs - lastMs);
    lastMs = captureMs;
  }
  const most = encoder.gopMs === null ? 24_000 : Math.max(encoder.gopMs, 2000);
  expect(passed, `${who}: begins with the past`).toBeLessThan(most + 2700);
}

/** Who has begun, and was never behind, gets every sound that comes, and pictures from the next start on. */
function checkNewest(
  who: string,
  { sent }: ModelEncoder,
  { got, ended, begunAtMs, format }: ModelPlayer,
  wish: Scenario['players'][number],
  dropped: number,
): void {
  if (wish.bytesPerS !== null || dropped > 0 || ended !== null || begunAtMs === null) return;
  if (format === 'rtmp' && wish.wants.length > 0) return;
  if (wish.stops.some(({ atMs, ms }) => atMs + ms >= LENGTH_MS - 3000)) return;
  const last = sent.findLast(({ kind }) => kind === 'audio');
  if (last === undefined || last.captureMs < begunAtMs + 1000) return;
  const heard = got.findLast(({ told }) => isTold(told) && told.kind === 'audio')?.told;
  expect(heard, `${who}: the newest sound`).toMatchObject({ number: last.number });
}

/** With media for 2.6 s on end since it joined, a player that reads has begun. */
function checkStart(
  who: string,
  { sent }: ModelEncoder,
  { joinedAtMs, begunAtMs, format }: ModelPlayer,
  plan: Scenario,
  wish: Scenario['players'][number],
): void {
  if (format === 'rtmp' && wish.wants.length > 0) return;
  // Pictures that nobody can start at and that then stop, or are of another configuration, are waited for anew.
  const waits = plan.turns.filter(({ turn }) => turn.kind === 'configuration' || turn.kind === 'off').length;
  let fromMs: number | null = null;
  let lastMs = 0;
  for (const { captureMs } of sent) {
    if (captureMs < joinedAtMs) continue;
    if (fromMs === null || captureMs - lastMs > 400) fromMs = captureMs;
    lastMs = captureMs;
    if (captureMs - fromMs < 2700 + 2000 * waits) continue;
    expect(begunAtMs ?? Number.POSITIVE_INFINITY, `${who}: joined ${joinedAtMs}`).toBeLessThanOrEqual(
      captureMs,
    );
    return;
  }
}

/** A player that waits for the start, stops reading, and is given a second and a half of sound at once. */
const WAITS_AND_STOPS: Scenario = {
  encoder: {
    firstMs: 0,
    stepsMs: { audio: 23, video: 40 },
    gopMs: 400,
    hasFirstKeyframe: false,
    announces: null,
    begins: { audio: true, video: false },
  },
  turns: [{ atMs: 20, turn: { kind: 'headers-again' } }],
  players: [{ format: 'flv', atMs: 60, wants: [], bytesPerS: null, stops: [{ atMs: 0, ms: 2241 }] }],
  mergeMs: 350,
  queueBytesMax: 20_000,
  queueMs: undefined,
};

describe('players that join a stream of a random encoder', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('get what they can play, from a start on, in time and once', () => {
    fc.assert(
      fc.property(scenario, (plan) => {
        const run = new Run(plan);
        run.run();
        check(run, plan);
      }),
      { numRuns: amount({ short: 20, long: 1000 }), examples: [[WAITS_AND_STOPS]] },
    );
  });
});
