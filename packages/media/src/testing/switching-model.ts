import fc from 'fast-check';
import { replayEnd } from '../stream/frame-history.js';
import type { PublisherFeed } from '../stream/publisher-feed.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import type { MemoryPlayer } from './memory-player.js';
import { type OpenedRelay, ownerOf, StreamWorld } from './stream-world.js';

/**
 * A stream with up to three sources, driven by random events in virtual time, against what its players may rely on:
 * a source has media, so they get media within the bound; of one encode each frame comes once, in order, and none is lost
 * that a source could give; time never goes back on a track; nothing runs without a need for it.
 */

const FRAME_MS = 40;
const GOP = 15;
/** What passes between two looks at the world. */
const STEP_MS = 20;
const CONNECT_MS = 30;
/** Without an answer for so long, another owner is asked. */
const LATE_MS = 500;
/** The deadline of an answer: longer than what players may have to wait for. */
const DEADLINE_MS = 10_000;
/** How long the mesh takes to say what changed. */
const TOLD_MS = 20;
/** After that long, an origin says of its publisher that it is silent. */
const SAYS_SILENT_MS = 600;
/** An output that flows for so long has frames that were played. */
const SETTLED_MS = 1000;
/** An origin closes a publisher that is silent for so long; less than relays can look back. */
const IDLE_MS = 3000;
/** The same where all may be dark: longer than relays can look back. */
const IDLE_DARK_MS = 20_000;
/** So long after an output fell silent nobody may be shown its old pictures again. */
const SILENT_KNOWN_MS = 1500;
/** How long an owner keeps frames for relays. */
const KEPT = 5000 / FRAME_MS;
/** Silence noticed (500), an owner asked in vain for its lag (1,250), the next keyframe, and the world's own slowness. */
const BOUND_MS = 500 + 1250 + GOP * FRAME_MS + 500;
/** Pictures missed (2,000), two owners asked in vain for theirs (3,000 each), the bound of a switch on the way to one that has them. */
const PICTURES_BOUND_MS = 2000 + 2 * 3000 + BOUND_MS;

/** Frame `n` of an encode: a picture and a sound. Each carries the encode and the number. */
function framesOf(encode: number, n: number, clockMs: number): [picture: Frame, sound: Frame] {
  const id = Buffer.alloc(5);
  id[0] = encode;
  id.writeUInt32BE(n, 1);
  const atMs = n * FRAME_MS + clockMs;
  return [
    makeFrame('video', atMs, Buffer.concat([Buffer.of(n % GOP === 0 ? 0x17 : 0x27, 1, 0, 0, 0), id])),
    makeFrame('audio', atMs + 10, Buffer.concat([Buffer.of(0xaf, 1), id])),
  ];
}

/** An AVC configuration (ISO 14496-15 5.2.4.1.1) and an AudioSpecificConfig, of this encode. */
function headersOf(encode: number): Frame[] {
  const avc = Buffer.of(
    0x17,
    0,
    0,
    0,
    0,
    1,
    0x42,
    0xc0,
    30,
    0xff,
    0xe1,
    0,
    4,
    0x67,
    0x42,
    0xc0,
    encode,
    1,
    0,
    2,
    0x68,
    0xce,
  );
  return [makeFrame('video', 0, avc), makeFrame('audio', 0, Buffer.of(0xaf, 0, 0x12, 0x10))];
}

/** One encoder's output to one origin. */
class Output {
  readonly encode: number;
  readonly clockMs: number;
  readonly lag: number;
  isThere = false;
  isSilent = false;
  /** Its origin answers no new connection; those that it has are as they were. */
  isMute = false;
  /** Its pictures stopped, its sound goes on. */
  isBlind = false;
  /** It sends one second of media in two; then all that is held up at once. */
  isSlow = false;
  /** It sends pictures again from its next keyframe on. */
  #isAwaitingKey = false;
  #slowAt = 0;
  seesSinceMs = 0;
  /** Number of the next frame; of an output that was silent, the first one held up. */
  next = 0;
  silentMs = 0;
  flowsSinceMs = 0;
  /** What its origin has of it. */
  kept: Frame[] = [];

  constructor(encode: number, clockMs: number, lag: number) {
    this.encode = encode;
    this.clockMs = clockMs;
    this.lag = lag;
  }

  get flows(): boolean {
    return this.isThere && !this.isSilent;
  }

  get shows(): boolean {
    return this.flows && !this.isBlind;
  }

  see(nowMs: number): void {
    if (!this.isBlind) return;
    this.isBlind = false;
    this.#isAwaitingKey = true;
    this.seesSinceMs = nowMs;
  }

  /** Gives up what it held back: it goes on from the encoder's next keyframe. */
  skip(made: number): void {
    this.next = Math.max(this.next, Math.ceil((made - this.lag) / GOP) * GOP);
  }

  /** What comes now, up to what the encoder has made. */
  emit(made: number): Frame[] {
    const frames: Frame[] = [];
    const due = made - this.lag;
    const end = this.isSlow && made % 2 === 0 ? Math.min(due, this.next + 1) : due;
    if (this.isSlow && (made % 2 !== 0 || made === this.#slowAt)) return frames;
    this.#slowAt = made;
    for (; this.next < end; this.next += 1) {
      const [picture, sound] = framesOf(this.encode, this.next, this.clockMs);
      if (picture.isKeyframe) this.#isAwaitingKey = false;
      frames.push(...(this.isBlind || this.#isAwaitingKey ? [sound] : [picture, sound]));
    }
    this.kept = [...this.kept, ...frames].slice(-2 * KEPT);
    return frames;
  }
}

type Command = OutputCommand | { readonly kind: 'join' | 'leave' };

interface OutputCommand {
  readonly kind:
    | 'open'
    | 'close'
    | 'silent'
    | 'resume'
    | 'skip'
    | 'break'
    | 'blind'
    | 'see'
    | 'mute'
    | 'speak'
    | 'slow'
    | 'fast';
  readonly output: number;
}

export interface Run {
  /** All outputs may be silent or closed at once; absent: one that flows is always there. */
  readonly mayBeDark?: boolean;
  /** Of each output, the first one is published here: its encode, clock and lag in frames. */
  readonly outputs: readonly { readonly encode: number; readonly clockMs: number; readonly lag: number }[];
  readonly commands: readonly { readonly command: Command; readonly afterMs: number }[];
}

export class Model {
  readonly world = new StreamWorld();
  readonly outputs: Output[];
  readonly players: {
    readonly player: MemoryPlayer;
    readonly joinedMs: number;
    heardMs: number;
    seenMs: number;
    got: number;
    /** The newest picture of each encode. */
    readonly newest: Map<number, number>;
  }[] = [];
  readonly breaks: string[] = [];
  #feed: PublisherFeed | null = null;
  readonly #links = new Map<OpenedRelay, { readonly output: Output; readyMs: number; isLive: boolean }>();
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = [];
  #made = 100;
  #madeAtMs = 0;
  #flowsSinceMs: number | null = null;
  #showsSinceMs: number | null = null;
  #owners = '';
  #joined = 0;
  #wantedSinceMs = 0;

  readonly #mayBeDark: boolean;

  constructor({ outputs, mayBeDark = false }: Run) {
    this.#mayBeDark = mayBeDark;
    this.outputs = outputs.map(({ encode, clockMs, lag }) => new Output(encode, clockMs, lag));
    for (const output of this.outputs) output.next = this.#made - output.lag;
  }

  get isOneEncode(): boolean {
    return new Set(this.outputs.map(({ encode }) => encode)).size === 1;
  }

  do(command: Command): void {
    if (command.kind === 'join') {
      this.#joined += 1;
      if (this.players.length === 0) this.#wantedSinceMs = this.#nowMs;
      const player = this.world.play(`p${this.#joined}`);
      const nowMs = this.#nowMs;
      this.players.push({
        player,
        joinedMs: nowMs,
        heardMs: nowMs,
        seenMs: nowMs,
        got: 0,
        newest: new Map(),
      });
      return;
    }
    if (command.kind === 'leave') {
      const gone = this.players.shift();
      if (gone !== undefined) this.world.stream.remove(gone.player);
      return;
    }
    const { kind, output: index } = command as OutputCommand;
    const output = this.outputs[index];
    if (output === undefined) return;
    // Another source always flows, for so long that what was played is in it: so that there is no excuse.
    const isSettled = (one: Output) =>
      one.flows && !one.isMute && this.#nowMs - one.flowsSinceMs >= SETTLED_MS;
    const others = this.outputs.filter((one) => one !== output && one.flows);
    const isBrief = this.#nowMs - this.#wantedSinceMs < SETTLED_MS;
    const isLast = !this.#mayBeDark && (!others.some(isSettled) || isBrief);
    // Likewise one that has pictures.
    const isLastToShow =
      !this.#mayBeDark &&
      output.shows &&
      !others.some((one) => one.shows && isSettled(one) && this.#hasSeenLong(one));
    switch (kind) {
      case 'open':
        this.#open(output);
        return;
      case 'close':
        if (!isLast && !isLastToShow) this.#close(output);
        return;
      case 'silent':
        // What sent next to nothing has no place in the others.
        if (isLast || isLastToShow || !isSettled(output)) return;
        output.isSilent = true;
        output.silentMs = this.#nowMs;
        return;
      case 'skip':
        if (output.isSilent) output.skip(this.#made);
        this.do({ kind: 'resume', output: index });
        return;
      case 'resume':
        if (output.isSilent) output.flowsSinceMs = this.#nowMs;
        output.isSilent = false;
        return;
      case 'blind':
        if (!isLast && !isLastToShow && isSettled(output)) output.isBlind = true;
        return;
      case 'mute':
        if (!isLast && !isLastToShow && output !== this.outputs[0]) output.isMute = true;
        return;
      case 'speak':
        if (output.isMute) output.flowsSinceMs = this.#nowMs;
        output.isMute = false;
        return;
      case 'slow':
        output.isSlow = this.outputs.every((one) => one === output || !one.isSlow);
        return;
      case 'fast':
        output.isSlow = false;
        return;
      case 'see':
        output.see(this.#nowMs);
        return;
      case 'break':
        if (!others.every(isSettled)) return;
        // Another owner that lags may have none of the few frames that were played; the same one has them all.
        if (isBrief && others.length > 0) return;
        for (const [relay, link] of this.#links)
          if (link.output === output && relay.isOpen) this.world.fail('closed-by-server', relay);
    }
  }

  /** Every publisher ends, also the last one. */
  closeAll(): void {
    for (const output of this.outputs) if (output.isThere) this.#close(output);
  }

  /** All outputs flow, but for the pace of a slow one. */
  heal(): void {
    for (const [index] of this.outputs.entries()) {
      this.do({ kind: 'open', output: index });
      this.do({ kind: 'resume', output: index });
    }
  }

  /** How far each player is behind what is made, ms. */
  get delaysMs(): number[] {
    return this.players.map(({ player }) => {
      const number = track(player, 9).shown.at(-1)?.number ?? 0;
      return (this.#made - number) * FRAME_MS;
    });
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += STEP_MS) this.#step();
  }

  #hasSeenLong({ seesSinceMs }: Output): boolean {
    return this.#nowMs - seesSinceMs >= SETTLED_MS + GOP * FRAME_MS;
  }

  get #nowMs(): number {
    return this.world.timers.nowMs();
  }

  #open(output: Output): void {
    if (output.isThere) return;
    output.isThere = true;
    output.isSilent = false;
    output.isBlind = false;
    output.flowsSinceMs = this.#nowMs;
    output.kept = [];
    output.next = Math.max(output.next, this.#made - output.lag);
    if (output !== this.outputs[0]) return;
    this.#feed = this.world.publish();
    for (const header of headersOf(output.encode)) this.#feed.push(header);
  }

  #close(output: Output): void {
    output.isThere = false;
    output.isSilent = false;
    if (output === this.outputs[0]) {
      this.#feed?.end();
      this.#feed = null;
      return;
    }
    for (const [relay, link] of this.#links) {
      if (link.output !== output || !relay.isOpen) continue;
      relay.isOpen = false;
      relay.events.ended({ code: 'publisher-ended', text: '', isOrdinary: true });
    }
  }

  #step(): void {
    this.world.timers.pass(STEP_MS);
    while (this.#nowMs - this.#madeAtMs >= FRAME_MS) {
      this.#madeAtMs += FRAME_MS;
      this.#made += 1;
    }
    this.#tellOwners();
    for (const due of this.#due.splice(0)) {
      if (due.atMs <= this.#nowMs) due.run();
      else this.#due.push(due);
    }
    this.#connect();
    for (const output of this.outputs) {
      if (output.isSilent && this.#nowMs - output.silentMs >= this.#idleMs) this.#close(output);
    }
    for (const output of this.outputs) if (output.flows) this.#emit(output);
    this.#check();
  }

  get #idleMs(): number {
    return this.#mayBeDark ? IDLE_DARK_MS : IDLE_MS;
  }

  /** The mesh says who owns the stream, a little later than it is so. */
  #tellOwners(): void {
    const names = ['a', 'b', 'c'];
    const owners = this.outputs.flatMap((output, index) => {
      if (index === 0 || !output.isThere) return [];
      const silent =
        output.kept.length === 0 || (output.isSilent && this.#nowMs - output.silentMs >= SAYS_SILENT_MS);
      return [ownerOf(names[index] ?? '', { silent, sinceMs: index, shows: true })];
    });
    owners.sort((x, y) => Number(x.claim.silent ?? false) - Number(y.claim.silent ?? false));
    const text = JSON.stringify(owners.map(({ member, claim }) => [member, claim.silent]));
    if (text === this.#owners) return;
    this.#owners = text;
    this.#due.push({ atMs: this.#nowMs + TOLD_MS, run: () => this.world.owners(...owners) });
  }

  #connect(): void {
    for (const relay of this.world.opened) {
      const output = this.outputs[{ b: 1, c: 2 }[relay.owner] ?? 0];
      if (output === undefined || !relay.isOpen) continue;
      const link = this.#links.get(relay);
      if (link === undefined) {
        this.#links.set(relay, { output, readyMs: this.#nowMs + CONNECT_MS, isLive: false });
      } else if (!link.isLive && output.isMute) {
        if (this.#nowMs >= link.readyMs + DEADLINE_MS) this.world.fail('deadline', relay);
      } else if (!link.isLive && this.#nowMs >= link.readyMs) {
        link.isLive = true;
        this.#answer(relay, output);
      }
    }
  }

  #answer(relay: OpenedRelay, output: Output): void {
    if (!output.isThere) {
      this.world.fail('refused', relay);
      return;
    }
    relay.events.started();
    const start = output.kept.findLastIndex(({ isKeyframe }) => isKeyframe);
    const replayed = relay.replayMs > 0 ? Math.round(relay.replayMs / FRAME_MS) * 2 : 0;
    const from = Math.max(0, Math.min(start < 0 ? output.kept.length : start, output.kept.length - replayed));
    for (const frame of [...headersOf(output.encode), ...output.kept.slice(from)]) relay.events.frame(frame);
    if (relay.replayMs > 0) relay.events.frame(replayEnd());
  }

  #emit(output: Output): void {
    for (const frame of output.emit(this.#made)) {
      if (output === this.outputs[0]) this.#feed?.push(frame);
      else
        for (const [relay, link] of this.#links)
          if (link.output === output && link.isLive && relay.isOpen) relay.events.frame(frame);
    }
  }

  #check(): void {
    const flows = this.outputs.some(({ flows: isFlowing }) => isFlowing);
    this.#flowsSinceMs = flows ? (this.#flowsSinceMs ?? this.#nowMs) : null;
    const boundMs = BOUND_MS + (this.outputs.some(({ isMute }) => isMute) ? LATE_MS : 0);
    const isShown = this.outputs.some(({ shows }) => shows);
    this.#showsSinceMs = isShown ? (this.#showsSinceMs ?? this.#nowMs) : null;
    for (const seen of this.players) {
      const { got } = seen.player;
      if (got.length > seen.got) seen.heardMs = this.#nowMs;
      const pictures = shownOf(got.slice(seen.got), 9);
      if (pictures.length > 0) seen.seenMs = this.#nowMs;
      for (const picture of pictures) this.#checkRepeated(seen.player, seen.newest, picture);
      seen.got = got.length;
      const sinceMs = Math.max(seen.heardMs, seen.joinedMs, this.#flowsSinceMs ?? this.#nowMs);
      if (this.#nowMs - sinceMs > boundMs)
        this.breaks.push(`${seen.player.id}: no media for ${this.#nowMs - sinceMs} ms at ${this.#nowMs}`);
      const blindMs = this.#nowMs - Math.max(seen.seenMs, seen.joinedMs, this.#showsSinceMs ?? this.#nowMs);
      if (blindMs > PICTURES_BOUND_MS)
        this.breaks.push(`${seen.player.id}: no picture for ${blindMs} ms at ${this.#nowMs}`);
    }
    if (this.world.open.length > 3) this.breaks.push(`${this.world.open.length} relays at ${this.#nowMs}`);
  }

  /** A picture comes again only where its encoder sends: it goes on from there. */
  #checkRepeated({ id }: MemoryPlayer, newest: Map<number, number>, { encode, number }: Shown): void {
    const before = newest.get(encode) ?? -1;
    newest.set(encode, Math.max(before, number));
    const isSilent = (output: Output) =>
      output.isSilent && this.#nowMs - output.silentMs >= SILENT_KNOWN_MS && output.encode === encode;
    const isSent = this.outputs.some((output) => output.encode === encode && !isSilent(output));
    if (number <= before && !isSent)
      this.breaks.push(`${id}: ${number} of encode ${encode} again after ${before} at ${this.#nowMs}`);
  }
}

interface Shown {
  readonly encode: number;
  readonly number: number;
  readonly isKey: boolean;
}

/** What a player got of one track, headers left out; `-1`: a header. */
function track({ got }: MemoryPlayer, type: 8 | 9): { shown: Shown[]; times: number[] } {
  return {
    shown: shownOf(got, type),
    times: mediaOf(got, type).map(({ timestampMs }) => timestampMs),
  };
}

function shownOf(got: MemoryPlayer['got'], type: 8 | 9): Shown[] {
  const at = type === 9 ? 5 : 2;
  return mediaOf(got, type).map(({ payload }) => ({
    encode: payload[at] ?? -1,
    number: payload.readUInt32BE(at + 1),
    isKey: payload[0] === 0x17,
  }));
}

const mediaOf = (got: MemoryPlayer['got'], type: 8 | 9) =>
  got.filter((message) => message.type === type && message.payload[1] !== 0);

export function storyBreaks(player: MemoryPlayer, isExact: boolean): string[] {
  const breaks: string[] = [];
  for (const type of [9, 8] as const) {
    const { shown, times } = track(player, type);
    for (const [index, one] of shown.entries()) {
      const before = shown[index - 1];
      // Clocks of 32 bits wrap.
      const back = ((times[index] ?? 0) - (times[index - 1] ?? 0)) | 0;
      if (index > 0 && back < 0)
        breaks.push(`${player.id}: track ${type} goes back by ${-back} ms at ${one.number}`);
      if (before === undefined) {
        if (type === 9 && !one.isKey) breaks.push(`${player.id}: begins with an inter frame, ${one.number}`);
        continue;
      }
      const isNext = one.encode === before.encode && one.number === before.number + 1;
      if (isNext) continue;
      if (isExact) breaks.push(`${player.id}: track ${type}: ${before.number} is followed by ${one.number}`);
      else if (type === 9 && !one.isKey)
        breaks.push(`${player.id}: ${one.number} of encode ${one.encode} has no keyframe`);
    }
  }
  return breaks;
}

const FLOW = ['open', 'close', 'silent', 'resume', 'break'] as const;
export const FLOW_AND_ANSWERS = ['open', ...FLOW, 'open', 'mute', 'open', 'mute', 'speak'] as const;
export const FLOW_AND_PACE = ['open', 'open', ...FLOW, 'slow', 'slow', 'fast'] as const;
export const FLOW_AND_DARKNESS = [...FLOW, 'silent', 'skip'] as const;
export const FLOW_AND_PICTURES = [...FLOW, 'blind', 'see', 'blind', 'see'] as const;

const commandOf = (kinds: readonly OutputCommand['kind'][], weight: number) =>
  fc.oneof(
    { weight, arbitrary: fc.record({ kind: fc.constantFrom(...kinds), output: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('join', 'leave') }) },
  ) as fc.Arbitrary<Command>;

/**
 * `kinds`: of what happens to outputs; absent, none of them loses its pictures alone. `weight`: how many times as often that
 * happens as players come and go.
 */
export const runOf = (
  encodes: fc.Arbitrary<readonly number[]>,
  lagMax: number,
  kinds: readonly OutputCommand['kind'][] = FLOW,
  weight = 1,
): fc.Arbitrary<Run> =>
  fc.record({
    outputs: encodes.chain((list) =>
      fc.tuple(
        ...list.map((encode) =>
          fc.record({
            encode: fc.constant(encode),
            clockMs: fc.constantFrom(0, 7_000_123, 4_294_960_000),
            lag: fc.nat(lagMax),
          }),
        ),
      ),
    ),
    commands: fc.array(
      fc.record({
        command: commandOf(kinds, weight),
        afterMs: fc.oneof(
          fc.constantFrom(20, 100, 400),
          fc.integer({ min: 1, max: 100 }).map((n) => n * 40),
        ),
      }),
      { minLength: 4, maxLength: 40 },
    ),
  });

/** `slowness`: how many times as long each command is followed by nothing. */
export function play(run: Run, slowness = 1): Model {
  const model = new Model(run);
  model.do({ kind: 'open', output: 1 });
  model.do({ kind: 'join' });
  model.pass(1000);
  for (const { command: next, afterMs } of run.commands) {
    model.do(next);
    model.pass(slowness * afterMs);
  }
  return model;
}
