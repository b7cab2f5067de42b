import { beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../testing/stream-world.js';
import { A, B, EXACT, SwitchScript } from '../testing/switch-script.js';
import { fromWorker, type RelayOwner } from './relay-owner.js';

let script: SwitchScript;

beforeEach(() => {
  script = new SwitchScript();
});

describe('an owner that is pulled through another member', () => {
  const THROUGH_M = ownerOf('a', { through: 'm' });
  const THROUGH_N = ownerOf('a', { through: 'n' });

  it('stays where it is when the way changes while it flows, either way', () => {
    script.relayOf(A);
    script.owners(THROUGH_M);
    script.flow(400, 1);
    script.owners(A);
    script.flow(400, 1);
    expect(script.done).toEqual(['0 open 1 to a: started', '0 switch to 1, start']);
  });

  it('is another relay than the direct one, which is silent when the link broke', () => {
    script.relayOf(A);
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

  it('is so also where the list holds views of the directory, whose way changes by itself', () => {
    const view = { ...A, through: null as string | null };
    script.relayOf(view);
    script.pass(500);
    view.through = 'm';
    script.owners(view);
    expect(script.done.at(-1)).toBe('900 open 2 to a through m: stalled, replayed');
  });

  it('changes its way when the member on it fails, and goes back to the owner itself', () => {
    script.relayOf(THROUGH_M);
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
    script = new SwitchScript({
      headOf: (_owner, passedOver) => {
        avoided = [...passedOver];
        return heads.find((head) => !passedOver.has(head)) ?? null;
      },
    });
  });

  it('is so from the start on, and from the next head where that one breaks: the same owner, exact', () => {
    script.relayOf(A, B);
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
    script.relayOf(A, B);
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
    script.relayOf(A);
    script.pass(500);
    expect(script.done.at(-2)).toBe('900 open 2 to a through i: stalled, replayed');
    script.answer(2, true);
    script.pass(20_000);
    const opened = script.done.filter((line) => line.includes('open'));
    expect(opened[0]).toMatch(/open 3 to a: stalled, replayed/);
  });

  it('counts as broken where the head says so: other owners first, through the same head', () => {
    script.relayOf(A, B);
    script.close(1, 'refused');
    expect(script.done.at(-1)).toBe('400 open 2 to b through h: refused, replayed');
    // As B is not to be had either, A is asked itself.
    script.close(2, 'refused');
    expect(script.done).toEqual(['400 open 3 to a: refused, replayed']);
  });

  it('is the same owner through the next head where the head says so and drains', () => {
    script.relayOf(A, B);
    heads.shift();
    script.close(1, 'refused');
    expect(script.done.at(-1)).toBe('400 open 2 to a through i: refused, replayed');
  });

  it('is tried on no other way where its publisher has ended', () => {
    script.relayOf(A);
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
    script.relayOf(workerAt(1));
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
    script.relayOf(workerAt(1));
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
