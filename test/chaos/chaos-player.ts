import type { OriginProcess } from '../support/origin-process.js';
import type { Watched } from './black-screens.js';
import { ConnectionCheck, type ConnectionCheckOptions, type Gap } from './connection-check.js';
import { type EventLog, seconds } from './event-log.js';
import type { Track } from './frame-mark.js';
import { playHttpFlv } from './http-link.js';
import type { MemberStates } from './member-states.js';
import type { LinkEvents, PlayLink, Protocol } from './play-link.js';
import { playRtmp } from './rtmp-link.js';
import { playWebSocketFlv } from './web-socket-link.js';

export interface PlayerOptions {
  readonly name: string;
  readonly stream: string;
  readonly protocol: Protocol;
  /** The member that it asks first; the next ones follow where that is down. */
  readonly home: number;
}

/** What a player needs to know of a member. */
export type PlayedMember = Pick<OriginProcess, 'name' | 'rtmpUrl' | 'flvUrl' | 'wsUrl'> & {
  readonly ports: Pick<OriginProcess['ports'], 'rtmp' | 'http'>;
};

export interface PlayerWorld {
  readonly members: readonly PlayedMember[];
  readonly states: MemberStates;
  readonly log: EventLog;
  /** Members that drain serve their players for so long, ms; 0 where absent. */
  readonly drainMs?: number;
  readonly check: Pick<ConnectionCheckOptions, 'encodes' | 'isAlive' | 'repeatMsMax'>;
}

/** A player tries again so soon after its connection ended. */
const RETRY_MS = 250;
/** A player whose server hangs gives up after so long without media, as ffmpeg's `rw_timeout` would. */
const HUNG_MS = 3000;
/** The harness knows of a drain a little before the member does, and its clock is not the member's. */
const EARLY_MS = 500;
/** The mesh knows by then that a member hangs or is gone. */
const KNOWN_MS = 6000;

/** A gap, and which member served the connection. */
export interface ServedGap extends Gap {
  readonly member: number;
}

/** A player that goes on as real ones do: it connects again where its server is gone. */
export class ChaosPlayer implements Watched {
  readonly name: string;
  readonly stream: string;
  readonly #gaps: ServedGap[] = [];
  frames = 0;
  reconnects = 0;
  switches = 0;
  readonly #options: PlayerOptions;
  readonly #world: PlayerWorld;
  readonly #last: { [track in Track]: number };
  #link: PlayLink | null = null;
  #check: ConnectionCheck | null = null;
  /** The member that it is connected with, or connects to. */
  #member: number;
  #heardMs = 0;
  #isGone = false;

  constructor(options: PlayerOptions, world: PlayerWorld) {
    this.name = options.name;
    this.stream = options.stream;
    this.#options = options;
    this.#world = world;
    this.#member = options.home;
    const nowMs = world.log.nowMs();
    this.#last = { video: nowMs, audio: nowMs };
    this.#connect();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get member(): number {
    return this.#member;
  }

  sinceMs(track: Track): number {
    return this.#last[track];
  }

  get isFresh(): boolean {
    return this.#check === null || this.#check.frames === 0;
  }

  /** The newest frame that it has of this track. */
  newest(track: Track): { readonly encode: string; readonly number: number } | undefined {
    return this.#check?.position(track);
  }

  /** What it missed and did not tell yet. */
  takeGaps(): readonly ServedGap[] {
    this.#keepGaps();
    return this.#gaps.splice(0);
  }

  leave(): void {
    this.#isGone = true;
    this.#drop();
  }

  /** Looks whether its server is gone or hangs. */
  tick(): void {
    if (this.#isGone) return;
    const { states, log } = this.#world;
    const nowMs = log.nowMs();
    const { state } = states.now(this.#member);
    if (state === 'up') return;
    // It can't have media from there: what it waits is not the members' fault.
    this.#excuse(nowMs);
    if (state === 'joining' || nowMs - this.#heardMs < HUNG_MS || this.#link === null) return;
    log.note(`${this.name}: nothing for ${seconds(HUNG_MS)} s, gives up on ${this.#nameOf(this.#member)}`);
    this.#drop();
    this.#connect();
  }

  #excuse(nowMs: number): void {
    this.#last.video = nowMs;
    this.#last.audio = nowMs;
  }

  #connect(): void {
    if (this.#isGone) return;
    const { members, states, log } = this.#world;
    const { home, protocol, stream } = this.#options;
    const order = members.map((_member, index) => (home + index) % members.length);
    const index = order.find((each) => states.isUp(each)) ?? home;
    const member = members[index];
    if (member === undefined) throw new Error(`no member ${index}`);
    this.#heardMs = log.nowMs();
    const events: LinkEvents = {
      target: (port) => this.#aim(port),
      tag: (tag) => {
        const nowMs = log.nowMs();
        this.#heardMs = nowMs;
        if (this.#check?.take(tag, nowMs)) this.#last[tag.type === 9 ? 'video' : 'audio'] = nowMs;
      },
      ended: (reason) => this.#ended(reason),
    };
    this.#link = open(protocol, member, stream, events);
  }

  /** A new connection, to the player's own member or where a redirect leads. */
  #aim(port: number): void {
    this.#keep();
    this.#check = this.#newCheck();
    const { members, states, log } = this.#world;
    const index = members.findIndex(({ ports }) => ports.rtmp === port || ports.http === port);
    if (index < 0) {
      log.violated('closed', this.name, `was redirected to port ${port}, which is no member's`);
      return;
    }
    const { state, atMs } = states.now(index);
    const downMs = log.nowMs() - atMs;
    const isDown = state === 'stopped' || state === 'killed';
    if (isDown && downMs > KNOWN_MS && index !== this.#options.home)
      log.violated(
        'closed',
        this.name,
        `was sent to ${this.#nameOf(index)}, ${state} for ${seconds(downMs)} s`,
      );
    this.#member = index;
  }

  #ended(reason: string): void {
    const { states, log } = this.#world;
    const { state, atMs } = states.now(this.#member);
    const isPromised = state === 'draining' && log.nowMs() - atMs < (this.#world.drainMs ?? 0) - EARLY_MS;
    const text = `was disconnected by ${this.#nameOf(this.#member)} (${state}): ${reason}`;
    if (state === 'up' || isPromised) log.violated('closed', this.name, text);
    else {
      log.note(`${this.name} ${text}`);
      this.#excuse(log.nowMs());
    }
    this.#drop();
    this.reconnects += 1;
    setTimeout(() => {
      if (this.#link === null) this.#connect();
    }, RETRY_MS);
  }

  #newCheck(): ConnectionCheck {
    const { log, check } = this.#world;
    return new ConnectionCheck({
      ...check,
      stream: this.stream,
      report: (rule, what) => log.violated(rule, this.name, what),
      switched: (from, to) => {
        this.switches += 1;
        log.note(`${this.name} is switched from ${from} to ${to}`);
      },
    });
  }

  #drop(): void {
    this.#link?.close();
    this.#link = null;
    this.#keep();
  }

  /** Keeps what was seen on the connection that is over. */
  #keep(): void {
    this.#keepGaps();
    this.frames += this.#check?.frames ?? 0;
    this.#check = null;
  }

  #keepGaps(): void {
    for (const gap of this.#check?.gaps.splice(0) ?? []) this.#gaps.push({ ...gap, member: this.#member });
  }

  #nameOf(index: number): string {
    return this.#world.members[index]?.name ?? String(index);
  }
}

function open(protocol: Protocol, member: PlayedMember, stream: string, events: LinkEvents): PlayLink {
  switch (protocol) {
    case 'rtmp':
      return playRtmp(member.rtmpUrl(stream), 'plain', events);
    case 'srs-edge':
      return playRtmp(member.rtmpUrl(stream), 'srs-edge', events);
    case 'http-flv':
      return playHttpFlv(member.flvUrl(stream), events);
    case 'ws-flv':
      return playWebSocketFlv(member.wsUrl(stream), events);
  }
}
