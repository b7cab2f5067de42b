import { NO_LOAD } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import type { Effects, Fact } from '../effects.js';
import type { Input } from '../input.js';
import { TICK_MS } from '../limits.js';
import { type CoreOptions, MemberCore } from '../member-core.js';
import { joinDigests, startDigest } from '../member-digest.js';
import type { BroadcastMessage, DeltaNews, DirectMessage, Heartbeat } from '../messages.js';
import { helloOf, type PositionOptions } from './hello-of.js';

export const SELF = 'm';
export const OWN_GENERATION = 1_000;

/** One start of some member, by its id and generation. */
export type Start = readonly [string, number];

/** This member's own. */
export const OWN: Start = [SELF, OWN_GENERATION];

/** "I am here", and whom it hears. */
export const heartbeatFrom = ({
  generation = 1,
  version = 0,
  hears,
  ...more
}: Partial<Omit<Heartbeat, 'kind' | 'position' | 'hears'>> &
  PositionOptions & { readonly hears?: readonly Start[] } = {}): Heartbeat => ({
  kind: 'heartbeat',
  position: { generation, version },
  load: NO_LOAD,
  sentAt: 1,
  echo: null,
  ...(hears && { hears: joinDigests(hears.map(([id, start]) => startDigest(id, start))) }),
  ...more,
});

/** The first changes of a member, or others up to a version: its profile, and that it claims a stream. */
export const newsOf = (
  member: string,
  key: string,
  { generation = 1, version = 2 }: PositionOptions = {},
): DeltaNews => ({
  kind: 'delta',
  delta: {
    member,
    generation,
    from: version - 2,
    to: version,
    entries: [
      { kind: 'profile', version: version - 1, profile: profileOf(`name of ${member}`) },
      { kind: 'claim', version, claim: { key, sinceMs: 1, media: {} } },
    ],
  },
});

/** One member's core by itself: the test plays all others, and moves the clock. */
export class SoloCore {
  readonly core: MemberCore;
  readonly facts: Fact[] = [];
  /** Whom each of those hears that speak while time passes; who is not here does not tell. */
  readonly hears: Record<string, readonly Start[]> = {};
  readonly #spokenAt = new Map<string, number>();
  now = 10_000;
  /** What is drawn by lot, 0 <= random < 1. */
  random = 0;

  constructor(options: Partial<CoreOptions> = {}) {
    this.core = new MemberCore(
      {
        self: SELF,
        generation: OWN_GENERATION,
        profile: profileOf(SELF),
        addresses: [`${SELF}:1`],
        seeds: [],
        heartbeatMs: 800,
        suspectAfterMs: 1_800,
        deadAfterMs: 900,
        batchMs: 3,
        random: () => this.random,
        ...options,
      },
      this.now,
    );
  }

  /** One that met these, which have told nothing of their logs. */
  static meeting(...peers: readonly string[]): SoloCore {
    const solo = new SoloCore();
    for (const peer of peers) solo.meet(peer);
    return solo;
  }

  /** The same, and it heard them for a while. */
  static settled(...peers: readonly string[]): SoloCore {
    const solo = SoloCore.meeting(...peers);
    solo.wait(3_000, ...peers);
    return solo;
  }

  step(input: Input): Effects {
    const effects = this.core.step(input, this.now);
    this.facts.push(...effects.facts);
    for (const { to, message } of effects.sends)
      if (message.kind === 'heartbeat') this.#spokenAt.set(to, message.sentAt);
    return effects;
  }

  tick(): Effects {
    return this.step({ kind: 'tick' });
  }

  /** Lets time pass, with a tick each `TICK_MS`; these speak before each. Gives the effects of the ticks. */
  wait(ms: number, ...speakers: readonly string[]): readonly Effects[] {
    const all: Effects[] = [];
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + TICK_MS);
      for (const peer of speakers) this.beat(peer);
      all.push(this.tick());
    }
    return all;
  }

  /** The same until a tick did what is waited for, or left it so; a minute at most. */
  waitUntil(isSo: (effects: Effects) => boolean, ...speakers: readonly string[]): void {
    for (const end = this.now + 60_000; this.now < end; )
      if (this.wait(TICK_MS, ...speakers).some(isSo)) return;
    throw new Error('a minute passed, and it is not so');
  }

  /** A heartbeat, which echoes the last one from here, on a way that takes no time. */
  beat(peer: string, more: Parameters<typeof heartbeatFrom>[0] = {}): Effects {
    const hears = this.hears[peer];
    const sentAt = this.#spokenAt.get(peer);
    const echo = sentAt === undefined ? null : { sentAt, heldMs: this.now - sentAt };
    const position = this.core.directory.position(peer);
    return this.say(peer, heartbeatFrom({ ...position, echo, ...(hears && { hears }), ...more }));
  }

  connect(peer: string): Effects {
    return this.step({ kind: 'connected', peer, from: { dialled: `${peer}:1` } });
  }

  meet(peer: string, hello: Parameters<typeof helloOf>[1] = {}): Effects {
    this.connect(peer);
    return this.say(peer, helloOf(peer, hello));
  }

  /** Its connection breaks. */
  lose(peer: string): Effects {
    return this.step({ kind: 'disconnected', peer, reason: 'reset' });
  }

  /** It is not there any more: its connection breaks, and a new one is refused. */
  crash(peer: string): Effects {
    this.lose(peer);
    return this.step({ kind: 'dial-failed', peer, reason: 'refused' });
  }

  say(peer: string, message: DirectMessage): Effects {
    return this.step({ kind: 'direct', peer, message });
  }

  /** Something under the author's signature. */
  hear(author: string, message: BroadcastMessage): Effects {
    return this.step({ kind: 'broadcast', author, message, signedBytes: new Uint8Array([1]) });
  }

  claim(key: string): Effects {
    return this.step({ kind: 'claim', claim: { key, sinceMs: 1, media: {} } });
  }

  livenessOf(id: string): string | undefined {
    return this.core.directory.member(id)?.liveness;
  }

  ownersOf(key: string): readonly string[] {
    return this.core.directory.owners(key).map(({ member }) => member);
  }

  /** All that was logged with this text. */
  told(msg: string): readonly Fact[] {
    return this.facts.filter((fact) => fact.msg === msg);
  }
}

/** Messages of one kind that go out to a member, or to all. */
export const sent = <Kind extends DirectMessage['kind']>(
  effects: Effects | readonly Effects[],
  kind: Kind,
  to?: string,
): readonly Extract<DirectMessage, { kind: Kind }>[] =>
  [effects]
    .flat()
    .flatMap(({ sends }) =>
      sends.flatMap((one) =>
        one.message.kind === kind && (to === undefined || one.to === to)
          ? [one.message as Extract<DirectMessage, { kind: Kind }>]
          : [],
      ),
    );
