import { awaitCondition } from '@headwater/testing/await-condition';
import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Jobs that end when told to. */
function jobs(turns: Turns) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string, isUrgent = false): Promise<string> =>
    turns.take(isUrgent, () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
  return { begun, add, end: (name: string) => ends.get(name)?.() };
}

describe('Turns', () => {
  it('lets no more begin at once than it may, the urgent ones first', async () => {
    const turns = new Turns(2, 60_000);
    const { begun, add, end } = jobs(turns);
    const all = [add('a'), add('b'), add('c'), add('d'), add('e', true)];
    await settle();
    expect(begun).toEqual(['a', 'b']);
    expect([turns.taken, turns.waiting]).toEqual([2, 3]);
    end('b');
    await awaitCondition('the urgent one begins', () => begun.length === 3);
    end('a');
    await awaitCondition('the first of the others begins', () => begun.length === 4);
    expect(begun).toEqual(['a', 'b', 'e', 'c']);
    for (const name of ['e', 'c']) end(name);
    await awaitCondition('the last begins', () => begun.length === 5);
    end('d');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect([turns.taken, turns.waiting]).toEqual([0, 0]);
  });

  it('gives a turn on where a job takes long, and only once', async () => {
    const turns = new Turns(1, 20);
    const { begun, add, end } = jobs(turns);
    const all = [add('slow'), add('next'), add('last')];
    await awaitCondition('all begin', () => begun.length === 3);
    for (const name of begun) end(name);
    await Promise.all(all);
    expect([turns.taken, turns.waiting]).toEqual([0, 0]);
  });

  it('goes on where a job fails', async () => {
    const turns = new Turns(1, 60_000);
    const failing = turns.take(false, () => Promise.reject(new Error('no')));
    const next = turns.take(false, () => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });
});
