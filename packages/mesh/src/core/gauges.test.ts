import type { Entry } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { gaugesOf } from './gauges.js';
import { KEY, LoneCore } from './testing/lone-core.js';

const gauges = (core: LoneCore) => gaugesOf(core.peers, core.local, core.membership.dialsPerSecond(core.now));

/** News of `id` after version `from`, under a signature of so many bytes. */
function news(core: LoneCore, id: string, from: number, bytes = 1): void {
  const entries: Entry[] = [{ kind: 'release', version: from + 1, key: KEY }];
  const delta = { member: id, generation: 1, from, to: from + 1, entries };
  core.step((step) =>
    core.secondHand.news(core.peer(id), { kind: 'delta', delta }, new Uint8Array(bytes), step),
  );
}

describe('the gauges of a member', () => {
  it('are at nothing but its own record while it is alone', () => {
    expect(gauges(new LoneCore())).toEqual({
      peers: 0,
      strangers: 0,
      gone: 0,
      records: 1,
      dialsPerSecond: 0,
      pendingDeltas: 0,
      envelopes: 0,
      envelopeBytes: 0,
      addresses: 0,
      behind: 0,
      speakers: 0,
    });
  });

  it('count others by what is known of them', () => {
    const core = new LoneCore();
    for (const id of ['a', 'b', 'dead', 'left']) core.greet(id);
    for (const id of ['x', 'y', 'z']) core.connect(id);
    core.kill('dead');
    core.leave('left');
    expect(gauges(core)).toMatchObject({ peers: 7, strangers: 3, gone: 2, records: 5 });
  });

  it('count those that are behind, and tell what waits of the one of which most does', () => {
    const core = new LoneCore();
    for (const id of ['a', 'b', 'c']) core.greet(id);
    // The first of a's is missing, and of b's.
    news(core, 'a', 1);
    for (const from of [1, 2, 3]) news(core, 'b', from);
    news(core, 'c', 0);
    expect(gauges(core)).toMatchObject({ behind: 2, pendingDeltas: 3 });
    news(core, 'b', 0);
    expect(gauges(core)).toMatchObject({ behind: 1, pendingDeltas: 1 });
  });

  it('tell how much signed news are kept of the one of which most is', () => {
    const core = new LoneCore();
    for (const id of ['a', 'b']) core.greet(id);
    for (const from of [0, 1, 2]) news(core, 'a', from, 10);
    news(core, 'b', 0, 500);
    expect(gauges(core)).toMatchObject({ envelopes: 3, envelopeBytes: 500 });
  });

  it('tell how many addresses the one has that has most', () => {
    const core = new LoneCore();
    core.greet('a', { addresses: ['a:1', 'a:2', 'a:3'] });
    core.greet('b');
    expect(gauges(core)).toMatchObject({ addresses: 3 });
  });

  it('tell how often this one dials, and how many others speak', () => {
    const core = new LoneCore();
    core.greet('a');
    core.now += 2_000;
    core.disconnect('a');
    for (const author of ['a', 'b', 'c']) core.local.heardOther(author, core.now);
    expect(gauges(core)).toMatchObject({ dialsPerSecond: 0.1, speakers: 3 });
  });
});
