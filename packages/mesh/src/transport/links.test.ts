import { describe, expect, it } from 'vitest';
import type { Link } from './link.js';
import { Links, SPARE_LINGER_MS } from './links.js';

const linkOf = (isOutbound: boolean, openedAt: number, heardAt: number): Link =>
  ({ isOutbound, openedAt, heardAt }) as Link;

function linksOf(self: string, peer: string, ...all: Link[]): Links {
  const links = new Links(self, peer);
  for (const link of all) links.add(link);
  return links;
}

describe('Links', () => {
  it('closes one of two that were dialled at once, and only the one that dialled it', () => {
    const now = SPARE_LINGER_MS;
    const atA = [linkOf(true, 0, 1), linkOf(false, 0, 1)] as const;
    const atB = [linkOf(false, 0, 1), linkOf(true, 0, 1)] as const;
    expect(linksOf('a', 'b', ...atA).spare(now)).toEqual([]);
    expect(linksOf('b', 'a', ...atB).spare(now)).toEqual([atB[1]]);
  });

  it('keeps the only one, and does not hurry', () => {
    expect(linksOf('b', 'a', linkOf(true, 0, 1)).spare(1e6)).toEqual([]);
    expect(linksOf('b', 'a', linkOf(true, 0, 1), linkOf(false, 100, 101)).spare(SPARE_LINGER_MS)).toEqual([]);
  });

  it('does not close a link that speaks for one that never did', () => {
    const speaking = linkOf(true, 0, 1);
    expect(linksOf('b', 'a', speaking, linkOf(false, 0, 0)).spare(5_000)).toEqual([]);
  });

  it('closes the one that fell silent, whoever dialled it, and speaks on the other', () => {
    const silent = linkOf(true, 0, 1);
    const speaking = linkOf(false, 5_000, 20_000);
    const links = linksOf('a', 'b', silent, speaking);
    expect(links.best).toBe(speaking);
    expect(links.spare(20_000)).toEqual([silent]);
  });

  it('keeps what the smaller id dialled, also where the other one is newer, whichever came first', () => {
    const now = 10_000;
    const [bySmaller, newer] = [linkOf(true, 0, 1), linkOf(false, 100, 101)];
    expect(linksOf('a', 'b', bySmaller, newer).spare(now)).toEqual([]);
    expect(linksOf('a', 'b', newer, bySmaller).spare(now)).toEqual([]);
    const [inbound, outbound] = [linkOf(false, 0, 1), linkOf(true, 100, 101)];
    expect(linksOf('b', 'a', inbound, outbound).spare(now)).toEqual([outbound]);
    expect(linksOf('b', 'a', outbound, inbound).spare(now)).toEqual([outbound]);
  });

  it('keeps one also where each side was heard by the other only on its own as yet', () => {
    const now = SPARE_LINGER_MS;
    const [own, other] = [linkOf(true, 0, 0), linkOf(false, 0, 1)];
    expect(linksOf('a', 'b', own, other).spare(now)).toEqual([]);
    expect(linksOf('b', 'a', own, other).spare(now)).toEqual([own]);
  });

  it('keeps the newest of those that one side dialled', () => {
    const [older, newer] = [linkOf(true, 0, 200), linkOf(true, 100, 200)];
    expect(linksOf('a', 'b', older, newer).spare(10_000)).toEqual([older]);
    expect(linksOf('a', 'b', newer, older).spare(10_000)).toEqual([older]);
  });

  it('closes none before one was heard on', () => {
    expect(linksOf('a', 'b', linkOf(true, 0, 0), linkOf(true, 0, 0)).spare(5_000)).toEqual([]);
  });

  it('takes 10 s of silence beside one that speaks for a death', () => {
    const silent = linkOf(false, 0, 10_000);
    expect(linksOf('a', 'b', silent, linkOf(true, 1, 19_999)).spare(20_000)).toEqual([]);
    expect(linksOf('a', 'b', silent, linkOf(true, 1, 20_000)).spare(20_000)).toEqual([silent]);
  });

  it('sends where the member was seen last; of two seen at once, on the later one', () => {
    const [first, second] = [linkOf(true, 0, 9), linkOf(false, 5, 7)];
    expect(linksOf('a', 'b', first, second).best).toBe(first);
    expect(linksOf('a', 'b', second, first).best).toBe(first);
    const same = linkOf(false, 9, 0);
    expect(linksOf('a', 'b', first, same).best).toBe(same);
    expect(linksOf('a', 'b').best).toBeUndefined();
  });

  it('neither sends on one that is closing, nor closes it again, nor another one for it', () => {
    const closing = { ...linkOf(true, 0, 9), isClosing: true } as Link;
    const kept = linkOf(false, 0, 1);
    const links = linksOf('b', 'a', closing, kept);
    expect([links.best, links.spare(SPARE_LINGER_MS)]).toEqual([kept, []]);
    links.delete(kept);
    expect([links.best, links.size]).toEqual([undefined, 1]);
  });

  it('counts those that are there', () => {
    const link = linkOf(true, 0, 1);
    const links = linksOf('a', 'b', link);
    expect([links.size, links.delete(link), links.delete(link), links.size]).toEqual([1, true, false, 0]);
  });

  it('greets a member that restarted on its new link, though only the old one was ever heard on', () => {
    const old = linkOf(true, 0, 9_000);
    const fresh = linkOf(false, 10_000, 0);
    expect(linksOf('a', 'b', old, fresh).best).toBe(fresh);
  });
});
