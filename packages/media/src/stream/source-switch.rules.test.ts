import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, INTER, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { ownerOf } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { fromWorker, type RelayOwner } from './relay-owner.js';
import {
  type Match,
  type SourceId,
  SourceSwitch,
  type SwitchAction,
  type SwitchEvent,
  type SwitchRules,
} from './source-switch.js';

const RULES = { stallMs: 1500, retryMs: 700, lagMs: 1000, lingerMs: 800, replayMs: 6000 };
const START_MS = 50_000;

function wayOf({ member, through, worker }: RelayOwner): string {
  if (worker !== undefined) return `worker ${worker.worker}`;
  return through ? `${member} through ${through}` : member;
}

/** What is done, as a line. */
function lineOf(action: SwitchAction): string {
  switch (action.kind) {
    case 'open':
      return `open ${action.source} to ${wayOf(action.owner)}: ${action.reason}${action.isReplayed ? ', replayed' : ''}`;
    case 'close':
      return `close ${action.source}: ${action.reason}`;
    case 'search':
      return `search ${action.source}`;
    case 'switch':
      return `switch to ${action.source}, ${action.how}${action.from === null ? '' : `, from ${action.from}`}`;
    case 'detach':
      return 'detach';
    case 'flow':
      return `${action.source} ${action.isFlowing ? 'flows' : 'is silent'}`;
    case 'stalled':
      return `${action.isLost ? 'lost' : 'waits for'} ${action.source}: ${action.reason}, ${action.silentMs} ms`;
    case 'lags':
      return `${action.source} lags ${action.lagMs} ms`;
  }
}

/** A stream's decisions, with their times from the start on. */
class Script {
  readonly state: SourceSwitch;
  nowMs = START_MS;
  /** What searches find in a source; nothing where it is not told. */
  readonly matches = new Map<SourceId, Match>();
  searchCostMs = 0;
  wakes = 0;
  #done: string[] = [];

  constructor(rules: Partial<SwitchRules> = {}) {
    this.state = new SourceSwitch({ ...RULES, ...rules });
  }

  /** What was done since this was asked last. */
  get done(): string[] {
    return this.#done.splice(0);
  }

  step(event: SwitchEvent): void {
    this.#carryOut(this.state.step(event, this.nowMs));
  }

  owners(...owners: readonly RelayOwner[]): void {
    this.step({ kind: 'owners', owners });
  }

  players(count: number): void {
    this.step({ kind: 'players', count });
  }

  publish(): SourceId {
    const source = this.state.newId();
    this.step({ kind: 'published', source });
    return source;
  }

  answer(source: SourceId, isReplayed = false): void {
    this.step({ kind: 'answered', source, isReplayed });
  }

  replayed(source: SourceId): void {
    this.step({ kind: 'replayed', source });
  }

  close(source: SourceId, reason = 'broken', isOver = false, detours?: readonly string[]): void {
    this.step({ kind: 'closed', source, reason, isOver, ...(detours === undefined ? {} : { detours }) });
  }

  /** So many frames at once, as a replay brings them. */
  frames(source: SourceId, count = 1, isReady = true): void {
    for (let i = 0; i < count; i += 1) this.media(source, INTER(this.nowMs - 40 * (count - 1 - i)), isReady);
  }

  media(source: SourceId, frame: Frame, isReady = true): void {
    this.#carryOut(this.state.media(source, frame, isReady, this.nowMs));
  }

  /** A frame every 40 ms from each of them. */
  flow(ms: number, ...sources: readonly SourceId[]): void {
    for (let passed = 0; passed < ms; passed += 40) {
      this.pass(40);
      for (const source of sources) this.frames(source);
    }
  }

  /** Time passes; whatever is due is done when it is. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.state.wakeMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.state.wakeMs);
      this.wakes += 1;
      this.step({ kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  #carryOut(actions: readonly SwitchAction[]): void {
    for (const action of actions) {
      this.#done.push(`${this.nowMs - START_MS} ${lineOf(action)}`);
      if (action.kind !== 'search') continue;
      const { source } = action;
      const match = this.matches.get(source) ?? { kind: 'none' };
      this.step({ kind: 'matched', source, match, costMs: this.searchCostMs });
    }
  }
}

const EXACT: Match = { kind: 'exact', hasNext: true };
const REACHED: Match = { kind: 'exact', hasNext: false };
const behind = (lagMs: number): Match => ({ kind: 'behind', lagMs });

let script: Script;

beforeEach(() => {
  script = new Script();
});
/** A player plays what comes from `a`, a frame each 40 ms, up to 400 ms. */
function relayOf(...owners: readonly RelayOwner[]): SourceId {
  script.players(1);
  script.owners(...owners);
  script.answer(1);
  script.frames(1);
  script.flow(400, 1);
  return 1;
}

/** Likewise of a publisher here. */
function publisherOf(...owners: readonly RelayOwner[]): SourceId {
  script.players(1);
  const publisher = script.publish();
  script.frames(publisher);
  script.owners(...owners);
  script.flow(400, publisher);
  return publisher;
}

const A = ownerOf('a');
const B = ownerOf('b');
const C = ownerOf('c');

describe('a relay', () => {
  it('is opened to the best owner once somebody plays, and feeds the stream from its answer on', () => {
    script.owners(A, B);
    expect([script.done, script.state.hasRelay]).toEqual([[], false]);
    script.players(1);
    expect([script.state.hasRelay, script.state.feeding]).toEqual([true, null]);
    script.players(2);
    script.pass(400);
    script.answer(1);
    expect(script.done).toEqual(['0 open 1 to a: started', '400 switch to 1, start']);
    expect(script.state.feeding).toBe(1);
  });

  it('is asked for no replay where nothing was sent', () => {
    script.players(1);
    script.owners(A, B, C);
    script.answer(1);
    script.close(1, 'refused');
    script.answer(2, true);
    script.frames(2);
    script.replayed(2);
    script.close(2);
    expect(script.done).toEqual([
      '0 open 1 to a: started',
      '0 switch to 1, start',
      '0 open 2 to b: refused',
      '0 switch to 2, start, from 1',
      // A switch ends the round: `a` is worth another try.
      '0 open 3 to a: broken, replayed',
    ]);
  });

  it('that does not answer is silent as long as any source that is not known', () => {
    script.players(1);
    script.owners(A, B);
    script.pass(2000);
    expect(script.done).toEqual(['0 open 1 to a: started']);
    script.answer(1);
    script.pass(1000);
    script.answer(1, true);
    script.pass(1000);
    expect(script.done).toEqual([
      '2000 switch to 1, start',
      '3500 open 2 to b: stalled',
      '3500 lost 1: stalled, 1500 ms',
    ]);
  });

  it('does not open where its owner is the only one and failed, up to the next round', () => {
    script.players(1);
    script.owners(A, B);
    script.close(1, 'refused');
    script.pass(100);
    script.close(2, 'unreachable');
    script.pass(1000);
    script.close(3, 'refused');
    script.close(4, 'refused');
    script.owners();
    script.pass(5000);
    script.owners(B);
    script.pass(1);
    expect(script.done).toEqual([
      '0 open 1 to a: started',
      '0 open 2 to b: refused',
      '800 open 3 to a: unreachable',
      '1100 open 4 to b: refused',
      '6100 open 5 to b: refused',
    ]);
  });

  it('ends when nobody has played for a while, and its failures are forgotten', () => {
    relayOf(A);
    script.players(0);
    script.flow(760, 1);
    script.players(1);
    script.flow(2000, 1);
    script.players(0);
    script.players(0);
    expect(script.done).toEqual(['0 open 1 to a: started', '0 switch to 1, start']);
    script.pass(400);
    script.players(0);
    script.pass(400);
    expect(script.done).toEqual([
      '3660 waits for 1: stalled, 500 ms',
      '3960 close 1: no-players',
      '3960 detach',
    ]);
    expect([script.state.hasRelay, script.state.feeding]).toEqual([false, null]);
    script.players(1);
    script.players(0);
    script.pass(600);
    script.close(2, 'refused');
    script.pass(200);
    script.owners(A);
    script.players(1);
    expect(script.done).toEqual(['3960 open 2 to a: started', '4760 open 3 to a: started']);
  });

  it('is not opened for who left: only a relay that was there lingers', () => {
    relayOf(A);
    script.players(2);
    script.owners();
    script.close(1);
    script.players(0);
    script.owners(B);
    expect(script.done.slice(2)).toEqual(['400 detach']);

    script = new Script();
    relayOf(A);
    script.players(0);
    script.owners();
    script.close(1, 'publisher-ended', true);
    expect([script.done.slice(2), script.state.wakeMs]).toEqual([['400 detach'], Number.POSITIVE_INFINITY]);
  });

  it('is not switched to by the answer to a search that nobody asked for', () => {
    script.players(1);
    script.owners(A);
    script.step({ kind: 'matched', source: 1, match: REACHED, costMs: 0 });
    expect(script.done).toEqual(['0 open 1 to a: started']);
  });

  it('that is silent from its answer on is left for another one, which is kept until it has a start', () => {
    script.players(1);
    script.owners(A, B, C);
    script.answer(1);
    script.pass(1500);
    script.answer(2);
    script.frames(2, 8, false);
    expect(script.done.slice(2)).toEqual(['1500 open 2 to b: stalled', '1500 lost 1: stalled, 1500 ms']);
    script.frames(2);
    expect(script.done).toEqual(['1500 switch to 2, start, from 1', '1500 close 1: switched']);
  });

  it('is closed before its answer where its owner left, and not after it', () => {
    script.players(1);
    script.owners(A, B);
    script.owners(B);
    script.answer(2);
    script.frames(2);
    script.owners(C);
    expect(script.done).toEqual([
      '0 open 1 to a: started',
      '0 close 1: owner-left',
      '0 open 2 to b: retry',
      '0 switch to 2, start',
    ]);
  });

  it('is not asked for by events of sources that are gone', () => {
    relayOf(A);
    script.close(1);
    script.close(1);
    script.answer(1);
    script.replayed(1);
    script.frames(1);
    script.step({ kind: 'matched', source: 1, match: EXACT, costMs: 0 });
    expect(script.done.slice(2)).toEqual(['400 open 2 to a: broken, replayed']);
    script.answer(2);
    expect(script.state.feeding).toBe(1);
  });
});

describe('a stream whose relay broke', () => {
  beforeEach(() => {
    relayOf(A, B);
    script.close(1);
    expect(script.done.at(-1)).toBe('400 open 2 to b: broken, replayed');
  });

  it('is searched for its next frame when the replay is over, and goes on with it', () => {
    script.matches.set(2, EXACT);
    script.answer(2, true);
    script.frames(2, 10);
    script.pass(400);
    expect(script.done).toEqual([]);
    script.replayed(2);
    expect(script.done).toEqual(['800 search 2', '800 switch to 2, exact, from 1']);
    expect(script.state.feeding).toBe(2);
  });

  it('waits 500 ms for the end of a replay', () => {
    script.matches.set(2, EXACT);
    script.pass(100);
    script.answer(2, true);
    script.flow(480, 2);
    expect(script.done).toEqual([]);
    script.pass(40);
    expect(script.done).toEqual(['1000 search 2', '1000 switch to 2, exact, from 1']);
  });

  it('is content with the very place where it is, since nothing else feeds it', () => {
    script.matches.set(2, REACHED);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done).toEqual(['400 search 2', '400 switch to 2, exact, from 1']);
  });

  it('starts anew from frames that are others: six prove it, less do after 300 ms', () => {
    script.pass(350);
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 5);
    expect(script.done).toEqual(['750 search 2']);
    script.pass(299);
    expect(script.done).toEqual(['760 search 2']);
    script.pass(1);
    expect(script.done).toEqual(['1050 open 3 to a: retry, replayed']);
    script.close(3, 'refused');
    expect(script.done).toEqual(['1050 switch to 2, start, from 1']);

    script = new Script();
    relayOf(A, B);
    script.close(1, 'publisher-ended', true);
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 6);
    expect(script.done.slice(-2)).toEqual(['400 search 2', '400 switch to 2, start, from 1']);
  });

  it('starts from nothing that has no start', () => {
    script.answer(2);
    for (let i = 0; i < 20; i += 1) script.frames(2, 1, false);
    expect(script.done).toEqual(['400 search 2', '400 open 3 to a: retry, replayed']);
    script.close(3, 'refused');
    script.pass(300);
    script.frames(2, 1, true);
    script.close(4, 'refused');
    expect(script.done.filter((line) => !line.includes('search'))).toEqual([
      '700 open 4 to a: refused, replayed',
      '700 switch to 2, start, from 1',
    ]);
  });

  it('asks each other owner for the next frame before it starts anew, for 300 ms', () => {
    script.owners(A, B, C);
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 6);
    expect(script.done.slice(-1)).toEqual(['400 open 3 to c: retry, replayed']);
    script.pass(100);
    script.close(3, 'refused');
    expect(script.done.slice(-1)).toEqual(['500 open 4 to a: refused, replayed']);
    script.flow(280, 2);
    script.pass(19);
    expect(script.done.filter((line) => line.includes('switch'))).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['800 switch to 2, start, from 1', '800 close 4: switched']);
  });

  it.each([
    ['lags too far', behind(5000)],
    ['is of another encode', { kind: 'none' }],
  ] as const)('asks nobody more after these 300 ms where the copy here %s', (_, match) => {
    script.owners(A, B, C, ownerOf('d'));
    script.matches.set(2, match);
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 6);
    script.pass(100);
    script.close(3, 'refused');
    script.pass(200);
    script.close(4, 'refused');
    expect(script.done.filter((line) => !line.includes('search'))).toEqual([
      '400 open 3 to c: retry, replayed',
      '500 open 4 to d: refused, replayed',
      '700 switch to 2, start, from 1',
    ]);
  });

  it('asks who comes while a copy that lags is waited for, however long that is', () => {
    script.owners(B);
    script.matches.set(2, behind(900));
    script.answer(2, true);
    script.replayed(2);
    script.flow(600, 2);
    script.owners(B, C);
    expect(script.done.at(-1)).toBe('1000 open 3 to c: retry, replayed');
  });

  it('asks two at once and no more, whatever they turn out to have', () => {
    script.owners(B, C, ownerOf('d'));
    for (const source of [2, 3]) {
      script.answer(source, true);
      script.frames(source, 6, false);
      script.replayed(source);
    }
    expect(script.done.filter((line) => line.includes('open'))).toEqual(['400 open 3 to c: retry, replayed']);
  });

  it('asks the same owner on another way where that one fell silent', () => {
    script.owners(B);
    script.answer(2, true);
    script.frames(2, 6, false);
    script.replayed(2);
    script.owners(ownerOf('b', { through: 'm' }));
    expect(script.done).toEqual(['400 search 2']);
    script.pass(1500);
    expect(script.done.slice(0, 2)).toEqual([
      '900 close 2: stalled',
      '900 open 3 to b through m: retry, replayed',
    ]);
  });

  it('goes on from a replay whose owner left meanwhile', () => {
    script.answer(2, true);
    script.frames(2, 10);
    script.owners();
    script.replayed(2);
    expect(script.done).toEqual(['400 search 2', '400 switch to 2, start, from 1']);
  });

  it('is asked for its past when it breaks again right after it was taken up so', () => {
    script.owners(B);
    script.answer(2);
    script.frames(2, 1, false);
    script.pass(6000);
    script.close(2);
    expect(script.done.filter((line) => !line.includes('search'))).toEqual([
      '6400 detach',
      '6400 switch to 2, start',
      '6400 open 3 to b: broken, replayed',
    ]);
  });

  it('goes on exactly with the owner that broke, where the other is of another encode', () => {
    script.answer(2, true);
    script.replayed(2);
    script.frames(2, 6);
    script.matches.set(3, EXACT);
    script.answer(3, true);
    script.frames(3, 6);
    script.replayed(3);
    expect(script.done.slice(-2)).toEqual(['400 switch to 3, exact, from 1', '400 close 2: switched']);
  });

  it('asks who failed before once more, but not who said that the publisher has ended', () => {
    script.owners(A, B, C);
    script.close(2, 'refused');
    script.close(3, 'publisher-ended', true);
    script.close(4, 'refused');
    const publisher = script.publish();
    script.frames(publisher, 6);
    expect(script.done.slice(-2)).toEqual([`400 search ${publisher}`, '400 open 6 to b: refused, replayed']);
    script.close(6, 'refused');
    expect(script.done).toEqual(['400 open 7 to a: refused, replayed']);
    script.close(7, 'refused');
    expect(script.done).toEqual([`400 switch to ${publisher}, start, from 1`]);
  });

  it('asks those that failed in the next round, also beside one that answered and fell silent', () => {
    script.answer(2, true);
    script.frames(2, 6, false);
    script.replayed(2);
    script.close(3, 'refused');
    script.pass(1300);
    expect(script.done.slice(-2)).toEqual(['1100 close 2: stalled', '1100 open 4 to a: refused, replayed']);
  });

  it('asks one owner on one way: another way brings the same frames', () => {
    script.close(2, 'refused');
    script.owners(B, ownerOf('b', { through: 'c' }));
    script.close(3, 'refused');
    script.close(4, 'refused');
    script.pass(700);
    expect(script.done.at(-1)).toBe('1100 open 5 to b: refused, replayed');
    script.answer(5, true);
    script.frames(5, 6);
    script.replayed(5);
    script.pass(2000);
    expect(script.done.slice(0, 2)).toEqual(['1100 search 5', '1100 switch to 5, start, from 1']);
    expect(script.done.filter((line) => line.includes('open'))).toEqual([]);
  });

  it.each([
    [1000, 1650],
    [1001, 400],
  ])('waits for a copy that lags %d ms, and switches at %d ms', (lagMs, switchMs) => {
    script.matches.set(2, behind(lagMs));
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.close(3, 'refused');
    script.flow(2000, 2);
    const { done } = script;
    expect(done.filter((line) => line.includes('lags'))).toEqual(lagMs > 1000 ? [] : ['400 2 lags 1000 ms']);
    expect(done.filter((line) => line.includes('switch to'))).toEqual([
      `${switchMs} switch to 2, start, from 1`,
    ]);
  });

  it('goes on exactly as soon as the copy has caught up', () => {
    script.matches.set(2, behind(300));
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.flow(200, 2);
    script.matches.set(2, EXACT);
    script.flow(40, 2);
    expect(script.done.slice(-2)).toEqual(['640 switch to 2, exact, from 1', '640 close 3: switched']);
  });

  it('searches no more often than its cost allows, and only where frames came', () => {
    script.searchCostMs = 20;
    script.matches.set(2, behind(300));
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.flow(480, 2);
    expect(script.done).toEqual([
      '400 search 2',
      '400 2 lags 300 ms',
      '400 open 3 to a: retry, replayed',
      '600 search 2',
      '800 search 2',
    ]);
    script.pass(300);
    expect(script.done).toEqual(['1000 search 2']);
  });

  it('is given up where nobody has it any more', () => {
    script.owners();
    expect(script.done).toEqual(['400 close 2: owner-left']);
    // It was lost without a word, so it may come back at another owner.
    script.pass(999);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['1400 detach']);
    expect(script.state.wakeMs).toBe(Number.POSITIVE_INFINITY);
    script.owners(C);
    expect(script.done).toEqual(['1400 open 3 to c: started']);
  });

  it('is given up where nobody plays it any more', () => {
    script.players(0);
    script.pass(799);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['1200 close 2: no-players', '1200 detach']);
  });

  it('goes on from nothing after replayMs: by then no frame is the next one', () => {
    script.pass(5999);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['6400 detach']);
    script.answer(2);
    expect(script.done).toEqual(['6400 switch to 2, start']);
  });

  it('is not given up while a relay is answered, or a publisher is here', () => {
    script.answer(2);
    script.owners();
    script.pass(1100);
    expect(script.done).toEqual([]);
    script.frames(2);
    expect(script.done).toEqual(['1500 search 2']);

    script = new Script();
    relayOf(A);
    const publisher = script.publish();
    script.owners();
    script.close(1, 'publisher-ended', true);
    script.pass(400);
    expect(script.done.slice(2)).toEqual([]);
    script.frames(publisher, 6);
    expect(script.done).toContain(`800 switch to ${publisher}, start, from 1`);
  });

  it('is sought from a silent owner as well, but where a publisher is here', () => {
    const silent = ownerOf('b', { silent: true });
    for (const hasPublisher of [false, true]) {
      script = new Script();
      relayOf(A);
      if (hasPublisher) script.publish();
      script.owners(silent);
      script.close(1);
      expect(script.done.slice(2)).toEqual(hasPublisher ? [] : ['400 open 2 to b: broken, replayed']);
    }
  });

  it('is sought from an owner that drains as well', () => {
    script = new Script();
    relayOf(A, B);
    script.owners(ownerOf('a', { draining: true }), ownerOf('b', { draining: true }));
    script.close(1);
    expect(script.done.slice(2)).toEqual(['400 open 2 to b: broken, replayed']);
  });

  it('takes what answered meanwhile after replayMs, though it has no start', () => {
    script.answer(2);
    for (let i = 0; i < 15; i += 1) {
      script.pass(400);
      script.frames(2, 1, false);
      script.close(3, 'publisher-ended', true);
    }
    expect(script.done.filter((line) => !line.includes('search'))).toEqual([
      '1100 open 3 to a: retry, replayed',
      '1900 open 4 to a: publisher-ended, replayed',
      '6400 detach',
      '6400 switch to 2, start',
      '6400 close 4: switched',
    ]);
    script.close(2);
    expect(script.done).toEqual(['6400 open 5 to a: broken, replayed']);
  });

  it('asks the other ones, then the broken one at once, once', () => {
    script.close(2, 'refused');
    script.answer(3, true);
    script.frames(3, 10);
    script.pass(699);
    script.close(3);
    expect(script.done).toEqual(['400 open 3 to a: refused, replayed']);
    script.pass(700);
    expect(script.done).toEqual(['1600 open 4 to b: broken, replayed']);
  });

  it('takes a break long after the last one for a new one', () => {
    script.close(2, 'refused');
    script.answer(3, true);
    script.frames(3, 10);
    script.pass(700);
    script.close(3);
    expect(script.done.slice(1)).toEqual(['1100 open 4 to a: broken, replayed']);
  });

  it('does not ask one again that said that its publisher has ended', () => {
    script.answer(2, true);
    script.frames(2, 10);
    script.close(2, 'publisher-ended', true);
    script.close(3, 'publisher-ended', true);
    expect(script.done.slice(-1)).toEqual(['400 open 3 to a: publisher-ended, replayed']);
    script.pass(699);
    expect(script.done).toEqual([]);
  });
});

describe('a relay that is silent', () => {
  it('is told of once while nobody else has the stream, and made anew after 5 s', () => {
    relayOf(A);
    script.pass(499);
    expect(script.done.slice(2)).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['900 waits for 1: stalled, 500 ms']);
    script.pass(4499);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(['5400 close 1: stalled', '5400 open 2 to a: stalled, replayed']);
    expect(script.state.feeding).toBe(1);
    script.matches.set(2, EXACT);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done).toEqual(['5400 search 2', '5400 switch to 2, exact, from 1']);
  });

  it('is lost like any other while it is made anew', () => {
    relayOf(A);
    script.pass(5000);
    script.close(2, 'refused');
    script.pass(700);
    expect(script.done.slice(3)).toEqual([
      '5400 close 1: stalled',
      '5400 open 2 to a: stalled, replayed',
      '6100 open 3 to a: refused, replayed',
    ]);

    script = new Script();
    relayOf(A);
    script.pass(5000);
    // Its publisher may come back at another owner.
    script.owners();
    script.pass(1000);
    expect(script.done.slice(5)).toEqual(['5400 close 2: owner-left', '6400 detach']);
  });

  it('is told of again after it flowed', () => {
    relayOf(A);
    script.pass(600);
    script.frames(1);
    script.pass(600);
    expect(script.done.slice(2)).toEqual([
      '900 waits for 1: stalled, 500 ms',
      '1500 waits for 1: stalled, 500 ms',
    ]);
  });

  it('is kept where its owner says that it is silent', () => {
    relayOf(A);
    script.owners(ownerOf('a', { silent: true }));
    script.pass(20_000);
    expect(script.done.slice(2)).toEqual(['900 waits for 1: stalled, 500 ms']);
  });

  it('whose owner left is found out sooner', () => {
    relayOf(A, B);
    script.owners(B);
    script.pass(120);
    expect(script.done.slice(2)).toEqual([
      '520 open 2 to b: owner-left, replayed',
      '520 lost 1: owner-left, 120 ms',
    ]);
  });

  it('is left for another owner, and not asked again within a second', () => {
    relayOf(A, B);
    script.pass(500);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.pass(999);
    expect(script.done.slice(2)).toEqual([
      '900 open 2 to b: stalled, replayed',
      '900 lost 1: stalled, 500 ms',
      '900 search 2',
      '900 switch to 2, start, from 1',
      '900 close 1: switched',
      '1400 waits for 2: stalled, 500 ms',
    ]);
    script.pass(1);
    expect(script.done).toEqual(['1900 open 3 to a: stalled, replayed']);
  });

  it('stays where it flows again before another one could go on', () => {
    relayOf(A, B);
    script.pass(500);
    script.frames(1);
    expect(script.done.slice(-1)).toEqual(['900 close 2: not-needed']);
    expect(script.state.feeding).toBe(1);
  });

  it('is not left for one that is silent as well', () => {
    relayOf(A, ownerOf('b', { silent: true }));
    script.pass(1000);
    expect(script.done.slice(2)).toEqual(['900 waits for 1: stalled, 500 ms']);
    script.owners(A, B);
    expect(script.done).toEqual(['1400 open 2 to b: stalled, replayed']);
    // It turns out to have nothing but its past.
    script.answer(2, true);
    script.owners(A, ownerOf('b', { silent: true }));
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done).toEqual(['1400 search 2']);
    script.frames(2);
    expect(script.done).toEqual(['1400 switch to 2, start, from 1', '1400 close 1: switched']);
  });

  it('is left by one that has nothing either for a third', () => {
    relayOf(A, B, C);
    script.pass(500);
    script.answer(2, true);
    script.replayed(2);
    script.pass(1499);
    expect(script.done.slice(2)).toEqual([
      '900 open 2 to b: stalled, replayed',
      '900 lost 1: stalled, 500 ms',
    ]);
    script.pass(1);
    expect(script.done).toEqual(['2400 close 2: stalled', '2400 open 3 to c: stalled, replayed']);
  });
});

describe('a relay whose owner drains', () => {
  const DRAINING = ownerOf('a', { draining: true });

  it('is left for one that stays as soon as that goes on', () => {
    relayOf(A, B);
    script.owners(DRAINING, B);
    script.flow(200, 1);
    script.matches.set(2, EXACT);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done.slice(2)).toEqual([
      '400 open 2 to b: draining, replayed',
      '600 search 2',
      '600 switch to 2, exact, from 1',
      '600 close 1: switched',
    ]);
  });

  it('waits for a copy that lags as long as it flows, and is not content with the very place', () => {
    relayOf(A, B);
    script.owners(DRAINING, B);
    script.answer(2, true);
    script.matches.set(2, behind(5000));
    script.frames(2, 10);
    script.replayed(2);
    script.flow(3000, 1, 2);
    script.matches.set(2, REACHED);
    script.flow(400, 1, 2);
    expect(script.done.filter((line) => !line.includes('search')).slice(2)).toEqual([
      '400 open 2 to b: draining, replayed',
    ]);
    script.matches.set(2, EXACT);
    script.flow(40, 1, 2);
    expect(script.done.slice(-2)).toEqual(['3840 switch to 2, exact, from 1', '3840 close 1: switched']);
  });

  it('tells nothing of a copy that lags while it flows', () => {
    relayOf(A, B);
    script.owners(DRAINING, B);
    script.matches.set(2, behind(300));
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    script.flow(400, 1, 2);
    expect(script.done.filter((line) => line.includes('lags'))).toEqual([]);
    // From then on it is waited for.
    script.flow(560, 2);
    expect(script.done.filter((line) => line.includes('lags'))).toEqual(['1300 2 lags 300 ms']);
  });

  it('is left at once for one of another encode, also right after it began', () => {
    script.players(1);
    script.owners(DRAINING);
    script.answer(1);
    script.frames(1);
    script.owners(DRAINING, B);
    script.answer(2, true);
    script.frames(2, 6);
    script.replayed(2);
    expect(script.done.slice(-2)).toEqual(['0 switch to 2, start, from 1', '0 close 1: switched']);
  });

  it('feeds the stream to its end beside a publisher here that is of another encode', () => {
    relayOf(A);
    const publisher = script.publish();
    script.owners(DRAINING);
    script.flow(1000, 1, publisher);
    expect(script.done.filter((line) => line.includes('switch'))).toEqual(['0 switch to 1, start']);
  });

  it('stays where all drain, or the other is silent', () => {
    for (const other of [ownerOf('b', { draining: true }), ownerOf('b', { silent: true })]) {
      script = new Script();
      relayOf(A, B);
      script.owners(DRAINING, other);
      script.flow(1000, 1);
      expect(script.done).toHaveLength(2);
      // Once it is silent there is nothing to lose.
      script.pass(500);
      expect(script.done[0]).toBe(
        other.claim.silent ? '1900 waits for 1: stalled, 500 ms' : '1900 waits for 1: stalled, 500 ms',
      );
    }
  });
});

describe('a publisher', () => {
  it('feeds a stream that nobody feeds from its accept on', () => {
    const publisher = script.publish();
    expect(script.done).toEqual(['0 switch to 1, start']);
    expect([script.state.feeding, script.state.hasRelay]).toEqual([publisher, false]);
  });

  it('flows from its first frame on, is silent after 500 ms, and that is told when it changes', () => {
    const publisher = publisherOf();
    script.pass(2000);
    script.frames(publisher);
    script.flow(400, publisher);
    expect(script.done).toEqual(['0 switch to 1, start', '0 1 flows', '900 1 is silent', '2400 1 flows']);
  });

  it('that never sends anything is silent after 500 ms, told once', () => {
    script.publish();
    script.pass(499);
    expect(script.done.slice(1)).toEqual([]);
    script.pass(5000);
    expect(script.done).toEqual(['500 1 is silent']);
  });

  it('that ends while nobody else has the stream leaves it without a source', () => {
    const publisher = publisherOf();
    script.close(publisher, 'publisher-ended', true);
    expect(script.done.slice(2)).toEqual(['400 detach']);
    expect([script.state.feeding, script.state.wakeMs]).toEqual([null, Number.POSITIVE_INFINITY]);
  });

  it('that ends for nobody leaves it without a source though others have it, and opens no relay', () => {
    const publisher = publisherOf(A);
    script.players(0);
    script.pass(300);
    script.close(publisher, 'publisher-ended', true);
    expect(script.done.slice(2)).toEqual(['700 detach']);
    script.players(1);
    expect(script.done).toEqual(['700 open 2 to a: started']);
  });

  it('that is silent gives way to an owner that flows, and to none that is silent', () => {
    publisherOf(ownerOf('a', { silent: true }));
    script.pass(1000);
    expect(script.done.slice(2)).toEqual(['900 1 is silent']);
    expect(script.state.wakeMs).toBe(Number.POSITIVE_INFINITY);
    script.owners(A);
    script.answer(2, true);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done).toEqual([
      '1400 open 2 to a: publisher-silent, replayed',
      '1400 search 2',
      '1400 switch to 2, start, from 1',
    ]);
  });

  it('gets the stream from a relay that flows only with the very next frame, or the very place', () => {
    for (const match of [EXACT, REACHED]) {
      script = new Script();
      relayOf(A);
      const publisher = script.publish();
      script.matches.set(publisher, behind(10));
      script.flow(80, 1, publisher);
      script.matches.set(publisher, match);
      script.flow(40, 1, publisher);
      expect(script.done.slice(2)).toEqual(
        [
          '440 3 flows',
          '440 search 3',
          '480 search 3',
          '520 search 3',
          '520 switch to 3, exact, from 1',
          '520 close 1: switched',
        ].map((line) =>
          line.replaceAll('3 flows', `${publisher} flows`).replace(/(search|to) 3/, `$1 ${publisher}`),
        ),
      );
    }
  });

  it('is searched for 3 s beside a relay that flows, and gets the stream at once where that is silent', () => {
    relayOf(A);
    const publisher = script.publish();
    script.flow(4000, 1, publisher);
    expect(script.done.at(-1)).toBe(`3400 search ${publisher}`);
    script.flow(480, publisher);
    expect(script.done).toEqual([]);
    script.flow(40, publisher);
    expect(script.done).toEqual([
      `4900 search ${publisher}`,
      '4900 lost 1: stalled, 500 ms',
      `4900 switch to ${publisher}, start, from 1`,
      '4900 close 1: switched',
    ]);
  });

  it('is searched anew beside each relay', () => {
    relayOf(A, B);
    const publisher = script.publish();
    script.flow(4000, 1, publisher);
    script.flow(600, 1);
    script.close(1);
    script.matches.set(3, EXACT);
    script.answer(3, true);
    script.frames(3, 10);
    script.replayed(3);
    expect(script.done.slice(-2)).toEqual(['5000 search 3', '5000 switch to 3, exact, from 1']);
    script.flow(4000, 3, publisher);
    const searches = script.done.filter((line) => line.includes('search'));
    expect([searches.at(0), searches.at(-1)]).toEqual([
      `5040 search ${publisher}`,
      `8000 search ${publisher}`,
    ]);
  });

  it('is searched at once beside a relay that was switched to, whatever it sent last', () => {
    relayOf(A, B);
    const publisher = script.publish();
    script.flow(400, 1, publisher);
    script.close(1);
    script.matches.set(3, EXACT);
    script.answer(3, true);
    script.frames(3, 10);
    script.replayed(3);
    expect(script.done.at(-1)).toBe('800 switch to 3, exact, from 1');
    script.pass(10);
    expect(script.done).toEqual([`810 search ${publisher}`]);
  });

  it('that has just begun is waited for, and nobody else is asked, for 300 ms', () => {
    relayOf(A, B);
    const publisher = script.publish();
    script.frames(publisher, 3);
    script.close(1, 'publisher-ended', true);
    script.pass(299);
    expect(script.done.slice(2).filter((line) => !line.includes('search'))).toEqual([
      `400 ${publisher} flows`,
    ]);
    script.pass(1);
    expect(script.done).toEqual(['700 open 3 to b: publisher-ended, replayed']);
  });

  it('gets the stream from a relay that nobody wants any more', () => {
    relayOf(A);
    const publisher = script.publish();
    script.players(0);
    script.pass(800);
    expect(script.done.slice(2)).toEqual([
      `900 ${publisher} is silent`,
      '900 lost 1: stalled, 500 ms',
      '1200 close 1: no-players',
      '1200 detach',
      `1200 switch to ${publisher}, start`,
    ]);
  });

  it('that comes back beside a relay about to answer is waited with for 300 ms', () => {
    const publisher = publisherOf(A);
    script.close(publisher, 'publisher-ended', true);
    script.pass(10);
    const again = script.publish();
    script.frames(again, 10);
    script.pass(289);
    expect(script.done.filter((line) => line.includes('switch')).slice(1)).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual([`700 switch to ${again}, start, from 1`, '700 close 2: switched']);
  });
});

describe('our own standstill', () => {
  it.each([
    [100, 'is a pause as any'],
    [101, 'is forgiven, up to 100 ms'],
  ])('of %d ms %s', (lateMs) => {
    relayOf(A);
    script.pass(499);
    script.nowMs += 1 + lateMs;
    script.step({ kind: 'tick' });
    expect(script.done.slice(2)).toEqual(lateMs > 100 ? [] : ['1000 waits for 1: stalled, 600 ms']);
    script.pass(99);
    expect(script.done).toEqual([]);
    script.pass(1);
    expect(script.done).toEqual(lateMs > 100 ? ['1101 waits for 1: stalled, 500 ms'] : []);
  });

  it('is known by the frame that ends it, too', () => {
    const publisher = publisherOf();
    script.nowMs += 3000;
    script.frames(publisher);
    expect(script.done.slice(2)).toEqual([]);
  });
});

describe('a stream that is fed well', () => {
  it('decides nothing for each frame, and wakes up for silence only', () => {
    relayOf(A, B);
    script.wakes = 0;
    const frame = INTER(0);
    script.pass(40);
    script.media(1, frame);
    expect(script.state.media(1, frame, true, script.nowMs)).toBe(
      script.state.media(99, frame, true, script.nowMs),
    );
    script.flow(10_000, 1);
    // The time that it was due at last has passed without silence.
    expect(script.wakes).toBeLessThanOrEqual(21);
    expect(script.done).toHaveLength(2);
  });

  it('takes headers and data for no media', () => {
    script.players(1);
    script.owners(A);
    script.answer(1);
    for (let i = 0; i < 15; i += 1) {
      script.pass(100);
      for (const frame of [VIDEO_HEADER(), METADATA(), { ...METADATA(), isHeader: false }])
        script.media(1, frame);
    }
    expect(script.done.slice(2)).toEqual(['1500 waits for 1: stalled, 1500 ms']);
    script.media(1, AUDIO(0));
    script.pass(1500);
    expect(script.done).toEqual(['3000 waits for 1: stalled, 1500 ms']);
  });
});

describe('an owner that is pulled through another member', () => {
  const THROUGH_M = ownerOf('a', { through: 'm' });
  const THROUGH_N = ownerOf('a', { through: 'n' });

  it('stays where it is when the way changes while it flows, either way', () => {
    relayOf(A);
    script.owners(THROUGH_M);
    script.flow(400, 1);
    script.owners(A);
    script.flow(400, 1);
    expect(script.done).toEqual(['0 open 1 to a: started', '0 switch to 1, start']);
  });

  it('is another relay than the direct one, which is silent when the link broke', () => {
    relayOf(A);
    script.pass(500);
    expect(script.done.slice(2)).toEqual(['900 waits for 1: stalled, 500 ms']);
    script.owners(THROUGH_M);
    expect(script.done).toEqual(['900 open 2 to a through m: stalled, replayed']);
    script.answer(2, true);
    script.matches.set(2, EXACT);
    script.frames(2, 10);
    script.replayed(2);
    expect(script.done.at(-2)).toBe('900 switch to 2, exact, from 1');
    expect(script.state.feeding).toBe(2);
  });

  it('changes its way when the member on it fails, and goes back to the owner itself', () => {
    relayOf(THROUGH_M);
    script.owners(THROUGH_N);
    script.close(1);
    expect(script.done.at(-1)).toBe('400 open 2 to a through n: broken, replayed');
    script.close(2, 'refused');
    script.owners(A);
    expect(script.done.at(-1)).toBe('400 open 3 to a: refused, replayed');
  });

  it('is tried through others where it cannot be reached, after the owners that can', () => {
    script.players(1);
    script.owners(A, B);
    script.close(1, 'unreachable', false, ['m', 'n']);
    script.close(2, 'refused');
    script.close(3, 'refused');
    script.answer(4);
    script.frames(4);
    expect(script.done).toEqual([
      '0 open 1 to a: started',
      '0 open 2 to b: unreachable',
      '0 open 3 to a through m: refused',
      '0 open 4 to a through n: refused',
      '0 switch to 4, start',
    ]);
    // A new round begins with the owners themselves.
    script.flow(400, 4);
    script.close(4, 'refused', true);
    expect(script.done).toEqual(['400 open 5 to a: refused, replayed']);
  });

  it('is tried anew, itself first, after all ways failed', () => {
    script.players(1);
    script.owners(A);
    script.close(1, 'deadline', false, ['m']);
    script.close(2, 'refused');
    script.pass(700);
    script.close(3, 'unreachable', false, ['n']);
    expect(script.done).toEqual([
      '0 open 1 to a: started',
      '0 open 2 to a through m: deadline',
      '700 open 3 to a: refused',
      '700 open 4 to a through n: unreachable',
    ]);
  });

  it('is not tried so once it has left the owners', () => {
    script.players(1);
    script.owners(A, B);
    script.close(1, 'unreachable', false, ['m']);
    script.owners(B);
    script.close(2, 'refused');
    expect(script.done.at(-1)).toBe('0 open 2 to b: unreachable');
  });
});

describe('an owner that is pulled through a head of this zone', () => {
  let heads: string[];
  /** Heads that were passed over when the last one was chosen. */
  let avoided: readonly string[];

  beforeEach(() => {
    heads = ['h', 'i', 'j', 'k', 'l'];
    avoided = [];
    script = new Script({
      headOf: (_owner, passedOver) => {
        avoided = [...passedOver];
        return heads.find((head) => !passedOver.has(head)) ?? null;
      },
    });
  });

  it('is so from the start on, and from the next head where that one breaks: the same owner, exact', () => {
    relayOf(A, B);
    script.close(1);
    script.answer(2, true);
    script.matches.set(2, EXACT);
    script.frames(2, 5);
    script.replayed(2);
    expect(script.done).toEqual([
      '0 open 1 to a through h: started',
      '0 switch to 1, start',
      '400 open 2 to a through i: broken, replayed',
      '400 search 2',
      '400 switch to 2, exact, from 1',
    ]);
    // By now the mesh knows what is wrong with it, or nothing is.
    script.flow(10_000, 2);
    script.close(2);
    expect([script.done.at(-1), avoided]).toEqual(['10400 open 3 to a through h: broken, replayed', ['i']]);
  });

  it.each([
    ['a head, which gets it from the owner first', ['h'], null, 2500],
    ['the owner itself', [], null, 500],
    ['a member on the way to it, where no heads are asked', undefined, 'm', 500],
  ] as const)('has so long for the end of a replay that comes from %s', (_, found, way, ms) => {
    script = new Script(found === undefined ? {} : { headOf: () => found[0] ?? null });
    const from = way === null ? A : ownerOf('a', { through: way });
    relayOf(B);
    script.owners(from);
    script.close(1, 'publisher-ended', true);
    script.answer(2, true);
    script.frames(2, 10);
    script.pass(ms - 1);
    expect(script.done.filter((line) => line.includes('search'))).toEqual([]);
    script.frames(2, 1);
    script.pass(1);
    expect(script.done.at(-1)).toBe(`${400 + ms} switch to 2, start, from 1`);
  });

  it.each(['refused', 'deadline', 'protocol'])(
    'is pulled directly at once where the head gives nothing: %s',
    (reason) => {
      script.players(1);
      script.owners(A, B);
      script.close(1, reason);
      script.answer(2);
      script.frames(2);
      expect(script.done).toEqual([
        '0 open 1 to a through h: started',
        `0 open 2 to a: ${reason}`,
        '0 switch to 2, start',
      ]);
      // It stays there while it flows.
      script.flow(20_000, 2);
      expect(script.done).toEqual([]);
    },
  );

  it('is pulled directly where the head answers and then has nothing', () => {
    script.players(1);
    script.owners(A);
    script.answer(1);
    script.close(1, 'publisher-ended', true);
    expect(script.done).toEqual([
      '0 open 1 to a through h: started',
      '0 switch to 1, start',
      '0 open 2 to a: publisher-ended',
    ]);
  });

  it('is pulled through a few heads that cannot be reached, and then directly', () => {
    script.players(1);
    script.owners(A);
    for (const source of [1, 2, 3]) script.close(source, 'unreachable');
    expect(script.done).toEqual([
      '0 open 1 to a through h: started',
      '0 open 2 to a through i: unreachable',
      '0 open 3 to a through j: unreachable',
      '0 open 4 to a: unreachable',
    ]);
  });

  it('is another owner, through another head, where it falls silent: nobody knows which of both it is', () => {
    relayOf(A, B);
    script.pass(500);
    script.answer(2, true);
    script.matches.set(2, EXACT);
    script.frames(2, 5);
    script.replayed(2);
    expect(script.done.filter((line) => !line.includes('lost'))).toEqual([
      '0 open 1 to a through h: started',
      '0 switch to 1, start',
      '900 open 2 to b through i: stalled, replayed',
      '900 search 2',
      '900 switch to 2, exact, from 1',
      '900 close 1: switched',
    ]);
  });

  it('comes through another head, and then directly, where it falls silent and nobody else has it', () => {
    relayOf(A);
    script.pass(500);
    expect(script.done.at(-2)).toBe('900 open 2 to a through i: stalled, replayed');
    script.answer(2, true);
    script.pass(20_000);
    const opened = script.done.filter((line) => line.includes('open'));
    expect(opened[0]).toMatch(/open 3 to a: stalled, replayed/);
  });

  it('counts as broken where the head says so: other owners first, through the same head', () => {
    relayOf(A, B);
    script.close(1, 'refused');
    expect(script.done.at(-1)).toBe('400 open 2 to b through h: refused, replayed');
    // As B is not to be had either, A is asked itself.
    script.close(2, 'refused');
    expect(script.done).toEqual(['400 open 3 to a: refused, replayed']);
  });

  it('is the same owner through the next head where the head says so and drains', () => {
    relayOf(A, B);
    heads.shift();
    script.close(1, 'refused');
    expect(script.done.at(-1)).toBe('400 open 2 to a through i: refused, replayed');
  });

  it('is tried on no other way where its publisher has ended', () => {
    relayOf(A);
    script.close(1, 'publisher-ended', true);
    expect(script.done.slice(2)).toEqual([]);
    script.owners();
    expect(script.done).toEqual(['400 detach']);
  });

  it('is pulled as the mesh says where it is out of reach, and itself by a worker of this member', () => {
    script.players(1);
    script.owners(ownerOf('a', { through: 'm' }));
    expect(script.done).toEqual(['0 open 1 to a through m: started']);
    script.owners(fromWorker(ownerOf('me'), { worker: 2, path: '/2' }));
    expect(script.done.at(-1)).toBe('0 open 2 to worker 2: retry');
  });
});

describe('another worker of this member', () => {
  const workerAt = (worker: number, sinceMs = 1): RelayOwner =>
    fromWorker(ownerOf('a', { sinceMs }), { worker, path: `/${worker}` });

  it('that the publisher comes to is another owner, whom players go on from as soon as the one before is done', () => {
    relayOf(workerAt(1));
    script.owners(workerAt(2, 5));
    script.flow(400, 1);
    expect(script.done.slice(1)).toEqual(['0 switch to 1, start']);
    script.close(1, 'publisher-ended', true);
    expect(script.done).toEqual(['800 open 2 to worker 2: publisher-ended, replayed']);
  });

  it('is not waited for that has not answered when the publisher is elsewhere by then', () => {
    script.players(1);
    script.owners(workerAt(1));
    script.owners(workerAt(2, 5));
    expect(script.done).toEqual([
      '0 open 1 to worker 1: started',
      '0 close 1: owner-left',
      '0 open 2 to worker 2: retry',
    ]);
  });

  it('gives way to another member where it is silent, and is tried again when that one fails', () => {
    relayOf(workerAt(1));
    script.owners(workerAt(1), B);
    script.pass(500);
    expect(script.done.slice(2)).toEqual([
      '900 open 2 to b: stalled, replayed',
      '900 lost 1: stalled, 500 ms',
    ]);
    script.close(2, 'refused');
    script.close(1, 'closed-by-worker');
    expect(script.done.at(-1)).toBe('900 open 3 to worker 1: closed-by-worker, replayed');
  });
});
