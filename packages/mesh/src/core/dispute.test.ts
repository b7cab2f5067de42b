import { beforeEach, describe, expect, it } from 'vitest';
import { Dispute } from './dispute.js';
import {
  GENERATION_MAX,
  MEMBERS_MAX,
  TWIN_ALONE_MAX_MS,
  TWIN_ALONE_MS,
  TWIN_DOUBT_MS,
  TWIN_FORGIVEN_MS,
  TWIN_FREE,
  TWIN_SKEW_MAX_MS,
  TWIN_WORDS_MAX,
} from './limits.js';

const OWN = 1_000;
const STEP_MS = 200;
const ALL = ['a', 'b', 'c', 'd'];

let dispute: Dispute;
let now: number;

beforeEach(() => {
  now = 0;
  dispute = new Dispute(OWN, 800, now);
});

interface Saying {
  readonly by: readonly string[];
  readonly generation?: number;
  readonly heard?: boolean | null;
}

/** So many ms in which these say so again and again. Returns when a generation is to be taken, and which. */
function go(
  ms: number,
  sayings: readonly Saying[],
  { own = OWN, connected = ALL }: { own?: number; connected?: readonly string[] } = {},
): { readonly afterMs: number; readonly generation: number } | null {
  for (let afterMs = 0; afterMs < ms; afterMs += STEP_MS) {
    now += STEP_MS;
    for (const { by, generation = OWN + 5, heard = true } of sayings)
      for (const id of by) dispute.told(id, generation, heard, now);
    const generation = dispute.judge(own, connected, now);
    if (generation !== null) return { afterMs, generation };
  }
  return null;
}

describe('Dispute', () => {
  it.each([
    ['nobody says anything', [], false, null],
    ['one of four says that it hears it', [{ by: ['a'] }], false, null],
    ['half of them say so', [{ by: ['a', 'b'] }], false, null],
    ['most of them say so', [{ by: ['a', 'b', 'c'] }], true, null],
    ['all say so, and one hears it', [{ by: ['a', 'b', 'c'], heard: false }, { by: ['d'] }], true, null],
    ['most say so, and nobody hears it', [{ by: ['a', 'b', 'c'], heard: false }], true, OWN + 6],
    ['one says so and does not hear it', [{ by: ['a'], heard: false }], false, OWN + 6],
    ['one does not hear it, another one does', [{ by: ['a'], heard: false }, { by: ['b'] }], false, null],
    ['most say so, and nobody tells whether it hears it', [{ by: ['a', 'b', 'c'], heard: null }], true, null],
    ['all tell of this generation', [{ by: ALL, generation: OWN, heard: false }], false, null],
    ['all tell of an older one', [{ by: ALL, generation: OWN - 1, heard: false }], false, null],
    [
      'all tell of one that no clock shows',
      [{ by: ALL, generation: GENERATION_MAX + 1, heard: false }],
      false,
      null,
    ],
  ])('%s', (_, sayings, isDisputed, generation) => {
    const taken = go(TWIN_ALONE_MS + 2 * STEP_MS, sayings);
    expect(dispute.disputed !== null).toBe(isDisputed);
    expect(taken?.generation ?? null).toBe(generation);
    if (taken) expect(taken.afterMs).toBeGreaterThanOrEqual(TWIN_ALONE_MS);
  });

  it('tells since when, by whom and of which generation', () => {
    go(2_000, [{ by: ['a', 'b', 'c'] }]);
    expect(dispute.disputed).toEqual({ since: STEP_MS, generation: OWN + 5, by: ['a', 'b', 'c'] });
  });

  it('ends where most do not say so any more', () => {
    go(2_000, [{ by: ['a', 'b', 'c'] }]);
    go(10_000, [{ by: ['a'] }]);
    expect(dispute.disputed).toBeNull();
  });

  it('counts those alone who are connected', () => {
    go(1_000, [{ by: ['x', 'y', 'z'] }]);
    expect(dispute.disputed).toBeNull();
    go(1_000, [{ by: ['a'] }], { connected: ['a'] });
    expect(dispute.disputed).not.toBeNull();
  });

  it('is decided after a minute where few hear the other one', () => {
    const sayings = [{ by: ['a', 'b', 'c'], heard: false }, { by: ['d'] }];
    const taken = go(2 * TWIN_DOUBT_MS, sayings);
    expect(taken?.generation).toBe(OWN + 6);
    expect(taken?.afterMs).toBeGreaterThanOrEqual(TWIN_DOUBT_MS);
  });

  it('is decided after a minute where nobody can be asked', () => {
    go(2_000, [{ by: ALL }]);
    const taken = go(2 * TWIN_DOUBT_MS, [], { connected: [] });
    expect(taken?.generation).toBe(OWN + 6);
    expect(taken?.afterMs).toBeGreaterThanOrEqual(TWIN_DOUBT_MS);
  });

  it('is none where nobody was ever there', () => {
    expect(go(2 * TWIN_DOUBT_MS, [], { connected: [] })).toBeNull();
  });

  it('takes what most are content with, and more only where a clock may show it', () => {
    const far = OWN + 2 * TWIN_SKEW_MAX_MS;
    const sayings = [
      { by: ['a'], generation: far, heard: false },
      { by: ['b'], generation: OWN + 7, heard: false },
      { by: ['c', 'd'], generation: OWN + 5, heard: false },
    ];
    expect(go(10_000, sayings)?.generation).toBe(OWN + 8);
    dispute = new Dispute(OWN, 800, now);
    expect(go(10_000, [{ by: ALL, generation: far, heard: false }])?.generation).toBe(far + 1);
  });

  it('is shown by the own signature, and not by its repetition', () => {
    dispute.proved({ generation: OWN + 5, version: 3 }, now);
    go(STEP_MS, []);
    expect(dispute.disputed).toMatchObject({ generation: OWN + 5, by: [] });
    const denied = [{ by: ALL, heard: false }];
    let taken: ReturnType<typeof go> = null;
    for (let count = 0; count < 40 && taken === null; count += 1) {
      dispute.proved({ generation: OWN + 5, version: count < 20 ? 4 + count : 3 }, now);
      taken = go(STEP_MS, denied);
    }
    // While new words came, it was there.
    expect(now).toBeGreaterThanOrEqual(20 * STEP_MS + TWIN_ALONE_MS);
    expect(taken?.generation).toBe(OWN + 6);
  });

  it('waits longer each time, up to a bound, and anew after an hour', () => {
    let own = OWN;
    const pauses: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const generation = own + 5;
      const taken = go(2 * TWIN_ALONE_MAX_MS, [{ by: ALL, generation, heard: false }], { own });
      expect(taken?.generation).toBe(generation + 1);
      pauses.push(taken?.afterMs ?? 0);
      own = generation + 1;
      dispute.taken(now);
      go(10_000, [], { own });
    }
    const times = pauses.map((ms) => ms / TWIN_ALONE_MS);
    expect(times.slice(0, TWIN_FREE + 2)).toEqual([...Array(TWIN_FREE).fill(1), 2, 4]);
    expect(pauses.slice(-2)).toEqual([TWIN_ALONE_MAX_MS, TWIN_ALONE_MAX_MS]);
    now += 3_600_000;
    expect(go(10_000, [{ by: ALL, generation: own + 5, heard: false }], { own })?.afterMs).toBe(
      TWIN_ALONE_MS,
    );
  });

  it('heeds one word against most others a few times an hour, up to what a clock may show', () => {
    let own = OWN;
    const heeds = (): boolean => {
      const taken = go(60_000, [{ by: ['a'], generation: own + 5, heard: false }], { own });
      if (taken === null) return false;
      own = taken.generation;
      dispute.taken(now);
      return true;
    };
    expect(Array.from({ length: TWIN_WORDS_MAX + 2 }, heeds)).toEqual([
      ...Array(TWIN_WORDS_MAX).fill(true),
      false,
      false,
    ]);
    now += TWIN_FORGIVEN_MS;
    expect(heeds()).toBe(true);
    dispute = new Dispute(OWN, 800, now);
    expect(go(60_000, [{ by: ['a'], generation: OWN + TWIN_SKEW_MAX_MS + 60_001, heard: false }])).toBeNull();
  });

  it('takes no silence for an answer while this process stood still', () => {
    const denied = [{ by: ['a', 'b', 'c'], heard: false }, { by: ['d'] }];
    go(10_000, denied);
    now += 30_000;
    dispute.excuse(30_000);
    expect(go(TWIN_ALONE_MS - STEP_MS, [{ by: ['a', 'b', 'c'], heard: false }])).toBeNull();
    expect(go(10_000, [{ by: ['a', 'b', 'c'], heard: false }])?.generation).toBe(OWN + 6);
  });

  it('is content with what most say, where no clock shows any of it', () => {
    const far = OWN + 2 * TWIN_SKEW_MAX_MS;
    const sayings = [10, 30, 0, 20].map((more, index) => ({
      by: [ALL[index] ?? ''],
      generation: far + more,
      heard: false,
    }));
    expect(go(10_000, sayings)?.generation).toBe(far + 21);
  });

  it('shown by the signature alone ends some seconds later', () => {
    dispute.proved({ generation: OWN + 5, version: 3 }, now);
    go(1_000, []);
    expect(dispute.disputed).not.toBeNull();
    go(4_000, []);
    expect(dispute.disputed).not.toBeNull();
    go(2_000, []);
    expect(dispute.disputed).toBeNull();
  });

  it.each([
    ['its own generation', OWN],
    ['a generation that no clock shows', GENERATION_MAX + 1],
  ])('is not shown by a signature of %s', (_, generation) => {
    dispute.proved({ generation, version: 3 }, now);
    go(1_000, []);
    expect(dispute.disputed).toBeNull();
  });

  it('ends no sooner than words count, and lasts while nobody is connected', () => {
    go(1_000, [{ by: ALL }]);
    go(2_000, []);
    expect(dispute.disputed).not.toBeNull();
    go(TWIN_DOUBT_MS / 2, [], { connected: [] });
    expect(dispute.disputed).not.toBeNull();
    go(STEP_MS, []);
    expect(dispute.disputed).toBeNull();
  });

  it('takes no standstill for a time in which nobody could be asked', () => {
    go(2_000, [{ by: ALL }]);
    go(1_000, [], { connected: [] });
    now += 2 * TWIN_DOUBT_MS;
    dispute.excuse(2 * TWIN_DOUBT_MS);
    expect(go(TWIN_DOUBT_MS - 2_000, [], { connected: [] })).toBeNull();
    expect(go(4_000, [], { connected: [] })?.generation).toBe(OWN + 6);
  });

  it('begins its pause anew where words were missing in between', () => {
    const denied = [{ by: ALL, heard: false }];
    go(STEP_MS, denied);
    expect(go(3 * TWIN_ALONE_MS, [])).toBeNull();
    expect(go(TWIN_ALONE_MS, denied)).toBeNull();
    expect(go(2 * STEP_MS, denied)?.generation).toBe(OWN + 6);
  });

  it('remembers no more members than there may be', () => {
    for (let index = 0; index < 3 * MEMBERS_MAX; index += 1) dispute.told(`m${index}`, OWN + 5, true, now);
    const everybody = Array.from({ length: 3 * MEMBERS_MAX }, (_, index) => `m${index}`);
    dispute.judge(OWN, everybody, now);
    expect(dispute.disputed).toBeNull();
    const last = everybody.slice(-10);
    dispute.judge(OWN, last, now);
    expect(dispute.disputed?.by).toEqual(last);
    // Who is remembered does not push the others out by speaking again.
    for (const id of last) dispute.told(id, OWN + 6, true, now);
    dispute.judge(OWN, last, now);
    expect(dispute.disputed?.generation).toBe(OWN + 6);
  });

  it('hears half of the members as few', () => {
    const sayings = [{ by: ['a', 'b'], heard: false }, { by: ['c', 'd'] }];
    expect(go(2 * TWIN_DOUBT_MS, sayings)?.generation).toBe(OWN + 6);
    dispute = new Dispute(OWN, 800, now);
    expect(go(2 * TWIN_DOUBT_MS, [{ by: ['a'], heard: false }, { by: ['b', 'c', 'd'] }])).toBeNull();
  });

  it('lets words count for longer where heartbeats are rarer', () => {
    dispute = new Dispute(OWN, 5_000, now);
    go(STEP_MS, [{ by: ALL }]);
    go(14_000, []);
    expect(dispute.disputed).not.toBeNull();
  });
});
