import type { Owner } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { type Draining, drain } from './drain.js';

const KEY = '__defaultVhost__/live/s1';

const whole = <T>(value: T) => ({ value, unanswered: [] });

interface Scene {
  /** Streams that other members pull, until they move; they move as soon as this one is told to drain. */
  readonly pulls?: readonly string[];
  readonly pullsMoveAfterMs?: number;
  /** Until then a worker does not say which streams are pulled from it. */
  readonly pullsKnownAfterMs?: number;
  readonly publishers?: number;
  readonly players?: number;
  /** Publishers that were asked to reconnect; they are gone at their next keyframe. */
  readonly asked?: number;
  readonly keyframeAfterMs?: number;
  readonly listener?: 'refuse' | 'close';
  /** Forwards its publishers, which go on from there until then. */
  readonly forwardedUntilMs?: number;
  /** Gets the steps. */
  readonly steps?: string[];
  readonly cancelledAfterMs?: number;
  readonly playersLeaveAfterMs?: number;
  /** Streams that this one owns, and sends. */
  readonly owned?: readonly string[];
  /** From then on the other owners send. */
  readonly othersFlowAfterMs?: number;
  readonly deadlineMs?: number;
  /** Other owners of the stream. */
  readonly others?: readonly Partial<
    Pick<Owner, 'liveness'> & { readonly draining: boolean; readonly silent: boolean; readonly full: boolean }
  >[];
}

/** What a draining member did, and when, on a clock that only its pauses move. */
async function told(scene: Scene): Promise<readonly string[]> {
  let now = 0;
  let publishers = scene.publishers ?? 0;
  let asked = scene.asked ?? 0;
  const done: string[] = [];
  const steps = scene.steps ?? [];
  const note = (what: string): void => void done.push(`${now} ${what}`);
  const isOver = (afterMs: number | undefined): boolean => now >= (afterMs ?? Number.POSITIVE_INFINITY);
  const owner = (
    member: string,
    liveness: Owner['liveness'],
    draining: boolean,
    silent = false,
    full = false,
  ): Owner =>
    ({ member, liveness, profile: { draining, full }, claim: silent ? { silent } : {} }) as unknown as Owner;
  let forwarded = 0;
  const forwardedNow = (): number => (isOver(scene.forwardedUntilMs) ? 0 : forwarded);
  const askedNow = (): number => (isOver(scene.keyframeAfterMs) ? 0 : asked);
  const others = (scene.others ?? []).map(
    ({ liveness = 'alive', draining = false, silent = false, full = false }, index) =>
      owner(`other${index}`, liveness, draining, silent, full),
  );
  const flowing = others.map((other) => ({ ...other, claim: {} }) as unknown as Owner);
  const member: Draining = {
    media: {
      ask: {
        publishersAsked: async () => whole(askedNow()),
        pulls: async () =>
          now < (scene.pullsKnownAfterMs ?? 0)
            ? { value: [], unanswered: [1] }
            : whole(isOver(scene.pullsMoveAfterMs) ? [] : (scene.pulls ?? [])),
        load: async () =>
          whole({
            players: isOver(scene.playersLeaveAfterMs) ? 0 : (scene.players ?? 0),
            publishers: publishers + askedNow() + forwardedNow(),
            outboundKbps: 0,
          }),
      },
      refusePublishers: (forwards) => note(forwards ? 'forwards publishers' : 'refuses publishers'),
      figures: () => ({ totals: {}, histograms: {}, gauges: { forwards: { '': forwardedNow() } } }),
      askPublishersToReconnect: () => {
        if (asked > 0) note('asks publishers');
      },
      pauseRtmp: () => note('closes ports'),
      closePublishers: (which) => {
        if (scene.forwardedUntilMs !== undefined) {
          if (publishers > 0) note(`hands over, or closes ${which}`);
          forwarded += publishers;
          publishers = 0;
          return;
        }
        if (publishers > 0) note('closes publishers');
        publishers = 0;
        if (which === 'all' && askedNow() > 0) {
          note('closes who was asked');
          asked = 0;
        }
      },
    },
    directory: {
      self: 'self',
      owners: () => (isOver(scene.othersFlowAfterMs) ? flowing : [...others, owner('self', 'alive', true)]),
      claimsOf: () => (scene.owned ?? []).map((key) => ({ key, sinceMs: 0, media: {} })),
    },
    announce: () => note('announces'),
    isCancelled: () => scene.cancelledAfterMs !== undefined && now >= scene.cancelledAfterMs,
    log: () => {},
    stepped: (step) => void steps.push(`${now} ${step}`),
    listener: scene.listener ?? 'refuse',
    forwardsPublishers: scene.forwardedUntilMs !== undefined,
    deadlineMs: scene.deadlineMs ?? 1_000,
    now: () => now,
    pause: (ms) => {
      now += ms;
      return Promise.resolve();
    },
  };
  await drain(member);
  note('done');
  return done;
}

describe('drain', () => {
  it('is done at once where nobody is there', async () => {
    expect(await told({})).toEqual(['0 announces', '0 refuses publishers', '0 done']);
  });

  it('leaves publishers alone once it is cancelled, and is done', async () => {
    const done = await told({ pulls: [KEY], publishers: 1, players: 1, others: [{}], cancelledAfterMs: 100 });
    expect(done.slice(2)).toEqual(['100 done']);
  });

  it('keeps publishers until the relays that can move have moved', async () => {
    const done = await told({ pulls: [KEY], pullsMoveAfterMs: 100, publishers: 1, others: [{}] });
    expect(done.slice(2)).toEqual(['100 closes publishers', '100 done']);
  });

  it('waits for a worker that does not say which relays it has', async () => {
    const done = await told({ pullsKnownAfterMs: 100, publishers: 1, others: [{}] });
    expect(done.slice(2)).toEqual(['100 closes publishers', '100 done']);
  });

  it('waits for relays that move to an owner which only this member does not reach', async () => {
    const others = [{ liveness: 'unreachable' as const }];
    const done = await told({ pulls: [KEY], pullsMoveAfterMs: 100, publishers: 1, others });
    expect(done[2]).toBe('100 closes publishers');
  });

  it.each([
    ['nobody else owns the stream', []],
    ['the other owner is draining, too', [{ draining: true }]],
    ['the other owner is suspect', [{ liveness: 'suspect' as const }]],
    ['the other owner is full', [{ full: true }]],
  ])('does not wait for relays where %s', async (_, others) => {
    expect((await told({ pulls: [KEY], publishers: 1, others }))[2]).toBe('0 closes publishers');
  });

  it.each([
    ['for relays', { pulls: [KEY], pullsMoveAfterMs: 400 }],
    ['for its own players', { owned: [KEY] }],
  ])('waits %s where another owner is about to send', async (_, given) => {
    const scene = { ...given, publishers: 1, others: [{ silent: true }], othersFlowAfterMs: 400 };
    expect((await told(scene))[2]).toBe('400 closes publishers');
  });

  it.each([
    ['for relays', { pulls: [KEY] }],
    ['for its own players', { owned: [KEY] }],
  ])('does not wait longer than five seconds %s where the other owner is silent', async (_, given) => {
    const scene = { ...given, publishers: 1, others: [{ silent: true }], deadlineMs: 60_000 };
    expect((await told(scene))[2]).toBe('5000 closes publishers');
  });

  it('does not wait for its own players where another owner sends', async () => {
    expect((await told({ owned: [KEY], publishers: 1, others: [{}] }))[2]).toBe('0 closes publishers');
  });

  it('closes publishers while there is time left, whatever relays do', async () => {
    const done = await told({ pulls: [KEY], publishers: 1, others: [{}] });
    expect(done[2]).toBe('500 closes publishers');
  });

  it('closes who was asked to reconnect at their keyframe, and others at once', async () => {
    const steps: string[] = [];
    const done = await told({ publishers: 1, asked: 2, keyframeAfterMs: 300, players: 1, steps });
    expect(done.slice(2)).toEqual(['0 asks publishers', '0 closes publishers', '1000 done']);
    expect(steps).toEqual(['0 relays-move', '0 publishers-leave', '300 players-leave', '1000 over']);
  });

  it('closes who was asked and stays at half of its deadline', async () => {
    const done = await told({ asked: 2, keyframeAfterMs: 900 });
    expect(done.slice(2)).toEqual(['0 asks publishers', '500 closes who was asked', '500 done']);
  });

  it('closes nobody who was asked once it is cancelled', async () => {
    const done = await told({ asked: 2, keyframeAfterMs: 900, cancelledAfterMs: 100 });
    expect(done.slice(2)).toEqual(['0 asks publishers', '100 done']);
  });

  it('waits for publishers that it forwards, as for players', async () => {
    const steps: string[] = [];
    const done = await told({ publishers: 2, forwardedUntilMs: 700, steps });
    expect(done.slice(1)).toEqual(['0 forwards publishers', '0 hands over, or closes others', '700 done']);
    expect(steps).toEqual(['0 relays-move', '0 publishers-leave', '0 players-leave', '700 over']);
  });

  it('ends with publishers that it forwards at its deadline', async () => {
    expect((await told({ publishers: 1, forwardedUntilMs: 5_000 })).at(-1)).toBe('1000 done');
  });

  it('closes its ports first where it is to', async () => {
    expect((await told({ listener: 'close' })).slice(0, 3)).toEqual([
      '0 announces',
      '0 refuses publishers',
      '0 closes ports',
    ]);
  });

  it('serves players until they left', async () => {
    expect((await told({ players: 3, playersLeaveAfterMs: 400 })).at(-1)).toBe('400 done');
  });

  it('leaves those who stay at its deadline', async () => {
    expect((await told({ players: 3 })).at(-1)).toBe('1000 done');
  });
});
