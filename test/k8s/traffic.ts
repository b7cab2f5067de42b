import { awaitCondition } from '@headwater/testing/await-condition';
import { ChaosPlayer, type PlayedMember } from '../chaos/chaos-player.js';
import { Encoders } from '../chaos/encoders.js';
import { EventLog, line } from '../chaos/event-log.js';
import { MemberStates } from '../chaos/member-states.js';
import { PROTOCOLS } from '../chaos/play-link.js';
import type { StreamPlan } from '../chaos/stream-plan.js';
import { Supply } from '../chaos/supply.js';
import { GapJudge } from '../soak/gap-judge.js';
import { Publishers } from '../soak/publishers.js';
import type { Scope } from '../support/scope.js';
import { openTcpDoor } from '../support/tcp-door.js';

const LOOK_MS = 100;
/** Viewers of a pod that drains leave after a while, so that no drain takes its whole deadline. */
const LEAVES_MS = 4_000;
/** Default of relays and copies; nothing is repeated by more. */
const REPEAT_MS = 15_000;
/** Far below the drain's deadline: nobody may be disconnected before. */
const DRAIN_MS = 20_000;

/** Publishers and players of some pods, at whatever address those are: they come by a port of loopback for each ordinal. */
export class Traffic {
  readonly log: EventLog;
  readonly states: MemberStates;
  readonly #scope: Scope;
  readonly #streams: readonly StreamPlan[];
  readonly #supply: Supply;
  readonly #judge: GapJudge;
  readonly #encoders: Encoders;
  readonly #members: readonly PlayedMember[];
  readonly #players: ChaosPlayer[] = [];
  readonly #leaving = new Map<ChaosPlayer, number>();
  #names = 0;

  private constructor(scope: Scope, members: readonly PlayedMember[], streams: readonly StreamPlan[]) {
    const originMs = performance.now();
    const nowMs = (): number => performance.now() - originMs;
    this.log = new EventLog(nowMs);
    this.states = new MemberStates(members.length);
    for (const index of members.keys()) this.states.become(index, 'killed', 0);
    this.#members = members;
    const supply = new Supply(this.states);
    this.#supply = supply;
    this.#judge = new GapJudge({ supply, states: this.states, log: this.log });
    this.#encoders = new Encoders(scope, this.log, supply);
    this.#streams = streams;
    scope.defer(() => {
      for (const player of this.#players.splice(0)) player.leave();
    });
    this.#scope = scope;
  }

  /** `addressOf`: where the pod of an ordinal is at the moment; undefined: nowhere. */
  static async open(
    scope: Scope,
    ordinals: number,
    streams: readonly StreamPlan[],
    addressOf: (ordinal: number) => string | undefined,
  ): Promise<Traffic> {
    const members: PlayedMember[] = [];
    for (let ordinal = 0; ordinal < ordinals; ordinal += 1) {
      const doorTo = (port: number): Promise<number> =>
        openTcpDoor(scope, () => {
          const host = addressOf(ordinal);
          return host === undefined ? undefined : { host, port, isGone: () => addressOf(ordinal) !== host };
        });
      const [rtmp, http] = await Promise.all([doorTo(1935), doorTo(8080)]);
      members.push({
        name: `headwater-${ordinal}`,
        ports: { rtmp, http },
        rtmpUrl: (stream) => `rtmp://127.0.0.1:${rtmp}/${stream}`,
        flvUrl: (stream) => `http://127.0.0.1:${http}/${stream}.flv`,
        wsUrl: (stream) => `ws://127.0.0.1:${http}/${stream}.flv`,
      });
    }
    return new Traffic(scope, members, streams);
  }

  /** All streams are published from now on, and published elsewhere where their pod goes. */
  async publish(): Promise<void> {
    const targetOf = (index: number) => {
      const { name, ports } = this.#member(index);
      return { index, name, rtmpPort: ports.rtmp };
    };
    for (const stream of this.#streams) this.#encoders.start(stream, targetOf);
    const publishers = new Publishers({
      encoders: this.#encoders,
      streams: this.#streams,
      states: this.states,
      members: this.#members.length,
      targetOf,
      log: this.log,
    });
    const timer = setInterval(() => {
      publishers.tick();
      this.#tick();
    }, LOOK_MS);
    this.#scope.defer(() => clearInterval(timer));
    await this.published();
  }

  async published(): Promise<void> {
    await awaitCondition(
      'all outputs to publish',
      () => this.#encoders.outputs.every(({ isPublishing }) => isPublishing),
      { everyMs: LOOK_MS, instead: () => this.story() },
    );
  }

  moveTo(output: string, index: number): void {
    const { name, ports } = this.#member(index);
    this.#encoders.output(output).close('closed');
    this.#encoders.output(output).open({ target: { index, name, rtmpPort: ports.rtmp } });
  }

  memberOf(output: string): number {
    return this.#encoders.output(output).member;
  }

  /** A player of each protocol and stream comes to this pod; who is there stays. */
  join(ordinal: number): void {
    for (const [index, { name: stream }] of this.#streams.entries())
      this.#play(stream, PROTOCOLS[(index + ordinal) % PROTOCOLS.length] ?? 'rtmp', ordinal);
  }

  /** Waits until each player got frames of the present. */
  async allPlay(): Promise<void> {
    const sinceMs = this.log.nowMs();
    const behind = (): readonly string[] =>
      this.#players
        .filter((player) => player.sinceMs('video') <= sinceMs || player.isFresh)
        .map(({ name }) => name);
    await awaitCondition('all players to play', () => behind().length === 0, {
      everyMs: LOOK_MS,
      progress: () => behind().join(),
      instead: () => `${behind().join('\n')}\n${this.story()}`,
    });
  }

  /** Judges all that was missed. Returns what was wrong, in words. */
  end(): readonly string[] {
    for (const player of this.#players.splice(0)) this.#leave(player);
    this.#judge.judge();
    return this.log.violations.map(({ rule, who, what }) => `${rule}: ${who}: ${what}`);
  }

  story(): string {
    return this.log.entries.map(({ atMs, text }) => line(atMs, text)).join('\n');
  }

  #tick(): void {
    const nowMs = this.log.nowMs();
    for (const player of [...this.#players]) {
      player.tick();
      this.#judge.add(player.takeGaps().map((gap) => ({ player: player.name, gap })));
      if (this.states.now(player.member).state !== 'draining') this.#leaving.delete(player);
      else if (!this.#leaving.has(player)) this.#leaving.set(player, nowMs);
      else if (nowMs - (this.#leaving.get(player) ?? nowMs) >= LEAVES_MS) this.#leave(player);
    }
    this.#judge.judge(nowMs);
  }

  #leave(player: ChaosPlayer): void {
    player.leave();
    this.#leaving.delete(player);
    this.#judge.add(player.takeGaps().map((gap) => ({ player: player.name, gap })));
    const index = this.#players.indexOf(player);
    if (index >= 0) this.#players.splice(index, 1);
  }

  #play(stream: string, protocol: (typeof PROTOCOLS)[number], home: number): void {
    this.#names += 1;
    const { encodes } = this.#encoders;
    const isAlive = (encode: string): boolean => this.#supply.isAlive(encode, this.log.nowMs(), 1000);
    const world = {
      members: this.#members,
      states: this.states,
      log: this.log,
      drainMs: DRAIN_MS,
      check: { encodes, isAlive, repeatMsMax: REPEAT_MS },
    };
    const name = `${protocol} player ${this.#names} of ${stream}`;
    this.#players.push(new ChaosPlayer({ name, stream, protocol, home }, world));
  }

  #member(index: number): PlayedMember {
    const member = this.#members[index];
    if (member === undefined) throw new Error(`no member ${index}`);
    return member;
  }
}
