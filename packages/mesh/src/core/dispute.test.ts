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
import { Accused, ALL, OWN_GENERATION, STEP_MS } from './testing/accused.js';

let accused: Accused;

beforeEach(() => {
  accused = new Accused();
});

describe('Dispute', () => {
  it.each([
    ['nobody says anything', [], false, null],
    ['one of four says that it hears it', [{ by: ['a'] }], false, null],
    ['half of them say so', [{ by: ['a', 'b'] }], false, null],
    ['most of them say so', [{ by: ['a', 'b', 'c'] }], true, null],
    ['all say so, and one hears it', [{ by: ['a', 'b', 'c'], heard: false }, { by: ['d'] }], true, null],
    ['most say so, and nobody hears it', [{ by: ['a', 'b', 'c'], heard: false }], true, OWN_GENERATION + 6],
    ['one says so and does not hear it', [{ by: ['a'], heard: false }], false, OWN_GENERATION + 6],
    ['one does not hear it, another one does', [{ by: ['a'], heard: false }, { by: ['b'] }], false, null],
    ['most say so, and nobody tells whether it hears it', [{ by: ['a', 'b', 'c'], heard: null }], true, null],
    ['all tell of this generation', [{ by: ALL, generation: OWN_GENERATION, heard: false }], false, null],
    ['all tell of an older one', [{ by: ALL, generation: OWN_GENERATION - 1, heard: false }], false, null],
    [
      'all tell of one that no clock shows',
      [{ by: ALL, generation: GENERATION_MAX + 1, heard: false }],
      false,
      null,
    ],
  ])('%s', (_, sayings, isDisputed, generation) => {
    const taken = accused.go(TWIN_ALONE_MS + 2 * STEP_MS, sayings);
    expect(accused.dispute.disputed !== null).toBe(isDisputed);
    expect(taken?.generation ?? null).toBe(generation);
    if (taken) expect(taken.afterMs).toBeGreaterThanOrEqual(TWIN_ALONE_MS);
  });

  it('tells since when, by whom and of which generation', () => {
    const startedAt = accused.now;
    accused.go(2_000, [{ by: ['a', 'b', 'c'] }]);
    expect(accused.dispute.disputed).toEqual({
      since: startedAt + STEP_MS,
      generation: OWN_GENERATION + 5,
      by: ['a', 'b', 'c'],
    });
  });

  it('ends where most do not say so any more', () => {
    accused.go(2_000, [{ by: ['a', 'b', 'c'] }]);
    accused.go(10_000, [{ by: ['a'] }]);
    expect(accused.dispute.disputed).toBeNull();
  });

  it('counts those alone who are connected', () => {
    accused.go(1_000, [{ by: ['x', 'y', 'z'] }]);
    expect(accused.dispute.disputed).toBeNull();
    accused.go(1_000, [{ by: ['a'] }], { connected: ['a'] });
    expect(accused.dispute.disputed).not.toBeNull();
  });

  it('is decided after a minute where few hear the other one', () => {
    const sayings = [{ by: ['a', 'b', 'c'], heard: false }, { by: ['d'] }];
    const taken = accused.go(2 * TWIN_DOUBT_MS, sayings);
    expect(taken?.generation).toBe(OWN_GENERATION + 6);
    expect(taken?.afterMs).toBeGreaterThanOrEqual(TWIN_DOUBT_MS);
  });

  it('is decided after a minute where nobody can be asked', () => {
    accused.go(2_000, [{ by: ALL }]);
    const taken = accused.go(2 * TWIN_DOUBT_MS, [], { connected: [] });
    expect(taken?.generation).toBe(OWN_GENERATION + 6);
    expect(taken?.afterMs).toBeGreaterThanOrEqual(TWIN_DOUBT_MS);
  });

  it('is none where nobody was ever there', () => {
    expect(accused.go(2 * TWIN_DOUBT_MS, [], { connected: [] })).toBeNull();
  });

  it('takes what most are content with, and more only where a clock may show it', () => {
    const far = OWN_GENERATION + 2 * TWIN_SKEW_MAX_MS;
    const sayings = [
      { by: ['a'], generation: far, heard: false },
      { by: ['b'], generation: OWN_GENERATION + 7, heard: false },
      { by: ['c', 'd'], generation: OWN_GENERATION + 5, heard: false },
    ];
    expect(accused.go(10_000, sayings)?.generation).toBe(OWN_GENERATION + 8);
    accused.dispute = new Dispute(OWN_GENERATION, 800, accused.now);
    expect(accused.go(10_000, [{ by: ALL, generation: far, heard: false }])?.generation).toBe(far + 1);
  });

  it('is shown by the own signature, and not by its repetition', () => {
    const startedAt = accused.now;
    accused.dispute.proved({ generation: OWN_GENERATION + 5, version: 3 }, accused.now);
    accused.go(STEP_MS, []);
    expect(accused.dispute.disputed).toMatchObject({ generation: OWN_GENERATION + 5, by: [] });
    const denied = [{ by: ALL, heard: false }];
    let taken: ReturnType<typeof accused.go> = null;
    for (let count = 0; count < 40 && taken === null; count += 1) {
      accused.dispute.proved(
        { generation: OWN_GENERATION + 5, version: count < 20 ? 4 + count : 3 },
        accused.now,
      );
      taken = accused.go(STEP_MS, denied);
    }
    // While new words came, it was there.
    expect(accused.now - startedAt).toBeGreaterThanOrEqual(20 * STEP_MS + TWIN_ALONE_MS);
    expect(taken?.generation).toBe(OWN_GENERATION + 6);
  });

  it('waits longer each time, up to a bound, and anew after an hour', () => {
    let own = OWN_GENERATION;
    const pauses: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const generation = own + 5;
      const taken = accused.go(2 * TWIN_ALONE_MAX_MS, [{ by: ALL, generation, heard: false }], { own });
      expect(taken?.generation).toBe(generation + 1);
      pauses.push(taken?.afterMs ?? 0);
      own = generation + 1;
      accused.dispute.taken(accused.now);
      accused.go(10_000, [], { own });
    }
    const times = pauses.map((ms) => ms / TWIN_ALONE_MS);
    expect(times.slice(0, TWIN_FREE + 2)).toEqual([...Array(TWIN_FREE).fill(1), 2, 4]);
    expect(pauses.slice(-2)).toEqual([TWIN_ALONE_MAX_MS, TWIN_ALONE_MAX_MS]);
    accused.now += 3_600_000;
    expect(accused.go(10_000, [{ by: ALL, generation: own + 5, heard: false }], { own })?.afterMs).toBe(
      TWIN_ALONE_MS,
    );
  });

  it('heeds one word against most others a few times an hour, up to what a clock may show', () => {
    let own = OWN_GENERATION;
    const heeds = (): boolean => {
      const taken = accused.go(60_000, [{ by: ['a'], generation: own + 5, heard: false }], { own });
      if (taken === null) return false;
      own = taken.generation;
      accused.dispute.taken(accused.now);
      return true;
    };
    expect(Array.from({ length: TWIN_WORDS_MAX + 2 }, heeds)).toEqual([
      ...Array(TWIN_WORDS_MAX).fill(true),
      false,
      false,
    ]);
    accused.now += TWIN_FORGIVEN_MS;
    expect(heeds()).toBe(true);
    accused.dispute = new Dispute(OWN_GENERATION, 800, accused.now);
    expect(
      accused.go(60_000, [
        { by: ['a'], generation: OWN_GENERATION + TWIN_SKEW_MAX_MS + 60_001, heard: false },
      ]),
    ).toBeNull();
  });

  it('takes no silence for an answer while this process stood still', () => {
    const denied = [{ by: ['a', 'b', 'c'], heard: false }, { by: ['d'] }];
    accused.go(10_000, denied);
    accused.now += 30_000;
    accused.dispute.excuse(30_000);
    expect(accused.go(TWIN_ALONE_MS - STEP_MS, [{ by: ['a', 'b', 'c'], heard: false }])).toBeNull();
    expect(accused.go(10_000, [{ by: ['a', 'b', 'c'], heard: false }])?.generation).toBe(OWN_GENERATION + 6);
  });

  it('is content with what most say, where no clock shows any of it', () => {
    const far = OWN_GENERATION + 2 * TWIN_SKEW_MAX_MS;
    const sayings = [10, 30, 0, 20].map((more, index) => ({
      by: [ALL[index] ?? ''],
      generation: far + more,
      heard: false,
    }));
    expect(accused.go(10_000, sayings)?.generation).toBe(far + 21);
  });

  it('shown by the signature alone ends some seconds later', () => {
    accused.dispute.proved({ generation: OWN_GENERATION + 5, version: 3 }, accused.now);
    accused.go(1_000, []);
    expect(accused.dispute.disputed).not.toBeNull();
    accused.go(4_000, []);
    expect(accused.dispute.disputed).not.toBeNull();
    accused.go(2_000, []);
    expect(accused.dispute.disputed).toBeNull();
  });

  it.each([
    ['its own generation', OWN_GENERATION],
    ['a generation that no clock shows', GENERATION_MAX + 1],
  ])('is not shown by a signature of %s', (_, generation) => {
    accused.dispute.proved({ generation, version: 3 }, accused.now);
    accused.go(1_000, []);
    expect(accused.dispute.disputed).toBeNull();
  });

  it('ends no sooner than words count, and lasts while nobody is connected', () => {
    accused.go(1_000, [{ by: ALL }]);
    accused.go(2_000, []);
    expect(accused.dispute.disputed).not.toBeNull();
    accused.go(TWIN_DOUBT_MS / 2, [], { connected: [] });
    expect(accused.dispute.disputed).not.toBeNull();
    accused.go(STEP_MS, []);
    expect(accused.dispute.disputed).toBeNull();
  });

  it('takes no standstill for a time in which nobody could be asked', () => {
    accused.go(2_000, [{ by: ALL }]);
    accused.go(1_000, [], { connected: [] });
    accused.now += 2 * TWIN_DOUBT_MS;
    accused.dispute.excuse(2 * TWIN_DOUBT_MS);
    expect(accused.go(TWIN_DOUBT_MS - 2_000, [], { connected: [] })).toBeNull();
    expect(accused.go(4_000, [], { connected: [] })?.generation).toBe(OWN_GENERATION + 6);
  });

  it('begins its pause anew where words were missing in between', () => {
    const denied = [{ by: ALL, heard: false }];
    accused.go(STEP_MS, denied);
    expect(accused.go(3 * TWIN_ALONE_MS, [])).toBeNull();
    expect(accused.go(TWIN_ALONE_MS, denied)).toBeNull();
    expect(accused.go(2 * STEP_MS, denied)?.generation).toBe(OWN_GENERATION + 6);
  });

  it('remembers no more members than there may be', () => {
    for (let index = 0; index < 3 * MEMBERS_MAX; index += 1)
      accused.dispute.told(`m${index}`, OWN_GENERATION + 5, true, accused.now);
    const everybody = Array.from({ length: 3 * MEMBERS_MAX }, (_, index) => `m${index}`);
    accused.dispute.judge(OWN_GENERATION, everybody, accused.now);
    expect(accused.dispute.disputed).toBeNull();
    const last = everybody.slice(-10);
    accused.dispute.judge(OWN_GENERATION, last, accused.now);
    expect(accused.dispute.disputed?.by).toEqual(last);
    // Who is remembered does not push the others out by speaking again.
    for (const id of last) accused.dispute.told(id, OWN_GENERATION + 6, true, accused.now);
    accused.dispute.judge(OWN_GENERATION, last, accused.now);
    expect(accused.dispute.disputed?.generation).toBe(OWN_GENERATION + 6);
  });

  it('hears half of the members as few', () => {
    const sayings = [{ by: ['a', 'b'], heard: false }, { by: ['c', 'd'] }];
    expect(accused.go(2 * TWIN_DOUBT_MS, sayings)?.generation).toBe(OWN_GENERATION + 6);
    accused.dispute = new Dispute(OWN_GENERATION, 800, accused.now);
    expect(accused.go(2 * TWIN_DOUBT_MS, [{ by: ['a'], heard: false }, { by: ['b', 'c', 'd'] }])).toBeNull();
  });

  it('lets words count for longer where heartbeats are rarer', () => {
    accused.dispute = new Dispute(OWN_GENERATION, 5_000, accused.now);
    accused.go(STEP_MS, [{ by: ALL }]);
    accused.go(14_000, []);
    expect(accused.dispute.disputed).not.toBeNull();
  });
});
