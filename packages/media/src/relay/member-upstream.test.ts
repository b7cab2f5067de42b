import { describe, expect, it } from 'vitest';
import type { WorkerAddress } from '../media-host.js';
import type { PulledOwner } from '../stream/relay-owner.js';
import type { UpstreamEnd, UpstreamEvents } from '../stream/upstream.js';
import { KEY } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { ownerOf, STREAM_KEY } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { memberUpstream } from './member-upstream.js';

const HERE: WorkerAddress = { worker: 1, path: '/run/w1' };
const OTHER: WorkerAddress = { worker: 2, path: '/run/w2' };

/** One way that was taken to the owner, and what became of it. */
interface Taken {
  /** `owner`: by a connection of its own; `shared`: by that of all workers; else through that worker. */
  readonly way: string;
  readonly replayMs: number;
  readonly events: UpstreamEvents;
  isOpen: boolean;
}

interface Scene {
  readonly worker?: WorkerAddress;
  readonly puller?: WorkerAddress | null;
  readonly isTree?: boolean;
  readonly isHung?: boolean;
}

/** A pull of a stream of member `b` by a worker, with all ways there replaced by ones that tell what is done. */
function scene({ worker, puller, isTree = false, isHung = false }: Scene) {
  const timers = new ManualTimers();
  const ways: Taken[] = [];
  const routes: object[] = [];
  const take = (way: string, replayMs: number, events: UpstreamEvents) => {
    const taken: Taken = { way, replayMs, events, isOpen: true };
    ways.push(taken);
    return {
      close: () => {
        taken.isOpen = false;
      },
    };
  };
  const told: string[] = [];
  const frames: Frame[] = [];
  const open = memberUpstream({
    host: {
      ...(puller !== undefined && { pullerOf: () => puller }),
      ...(isTree && { relayHead: () => null }),
    },
    ...(worker !== undefined && { worker }),
    pull: (_owner, _key, replayMs, events) => take('owner', replayMs, events),
    shared: { open: (_owner, _key, replayMs, events) => take('shared', replayMs, events) },
    siblings: {
      isHung: () => isHung,
      openOwner: (sibling, route, replayMs, events) => {
        routes.push(route);
        return take(`worker ${sibling.worker}`, replayMs, events);
      },
    },
    timers,
  });
  const pull = (owner: PulledOwner) =>
    open(owner, STREAM_KEY, 5000, {
      started: () => told.push('started'),
      frame: (frame) => frames.push(frame),
      ended: ({ code }) => told.push(`ended ${code}`),
    });
  return { timers, ways, routes, told, frames, pull };
}

const end = (code: string, isTold?: true): UpstreamEnd => ({
  code,
  text: code,
  isOrdinary: false,
  ...(isTold && { isTold }),
});

describe('the way by which a worker pulls a stream of another member', () => {
  it.each<[string, Scene, string | null, string]>([
    ['the owner, where there is one worker', {}, null, 'owner'],
    ['the owner, where there is one worker, whoever is said to pull', { puller: OTHER }, null, 'owner'],
    ['the owner, where nobody pulls for all', { worker: HERE }, null, 'owner'],
    ['the owner, where nobody pulls it for all at the moment', { worker: HERE, puller: null }, null, 'owner'],
    ['the worker that pulls for all', { worker: HERE, puller: OTHER }, null, 'worker 2'],
    ['the shared pull, where that one hung', { worker: HERE, puller: OTHER, isHung: true }, null, 'shared'],
    ['the shared pull, where that is this one', { worker: HERE, puller: HERE }, null, 'shared'],
    ['the way around, where this one found that it needs it', { worker: HERE, puller: OTHER }, 'm', 'owner'],
    ['the same, where this one pulls for all', { worker: HERE, puller: HERE }, 'm', 'owner'],
    ['the shared pull of one worker, where relays pull from it', { isTree: true }, null, 'shared'],
    ['the same, through the head of its zone', { isTree: true }, 'm', 'shared'],
    [
      'the worker that pulls through the head',
      { worker: HERE, puller: OTHER, isTree: true },
      'm',
      'worker 2',
    ],
    ['the shared pull through the head', { worker: HERE, puller: HERE, isTree: true }, 'm', 'shared'],
  ])('is %s', (_name, made, through, way) => {
    const { ways, pull } = scene(made);
    const upstream = pull(ownerOf('b', { through }));
    expect(ways).toMatchObject([{ way, replayMs: 5000, isOpen: true }]);
    upstream.close();
    expect(ways).toMatchObject([{ isOpen: false }]);
  });

  it('is told to the worker that pulls for all, with the id by which people follow the relay', () => {
    const { routes, pull } = scene({ worker: HERE, puller: OTHER, isTree: true });
    pull({ ...ownerOf('b', { through: 'm' }), relayId: 'r-1' });
    pull(ownerOf('b'));
    expect(routes).toStrictEqual([
      { key: STREAM_KEY, owner: 'b', through: 'm', relayId: 'r-1' },
      { key: STREAM_KEY, owner: 'b', through: null },
    ]);
  });
});

describe('a pull through the worker that pulls for all', () => {
  const begun = () => {
    const { pull, ...rest } = scene({ worker: HERE, puller: OTHER });
    const upstream = pull(ownerOf('b'));
    const [first] = rest.ways;
    if (first === undefined) throw new Error('no way was taken');
    return { ...rest, upstream, first };
  };

  it('gives what comes from there, and its end, however long it takes', () => {
    const { timers, ways, told, frames, first } = begun();
    timers.pass(1499);
    first.events.started();
    timers.pass(60_000);
    const frame = KEY(40, 1);
    first.events.frame(frame);
    first.events.ended(end('publisher-ended'));
    expect(told).toEqual(['started', 'ended publisher-ended']);
    expect(frames).toEqual([frame]);
    expect(ways.map(({ way }) => way)).toEqual(['worker 2']);
  });

  it('becomes one of its own where nothing came from there in time', () => {
    const { timers, ways, told, frames, upstream, first } = begun();
    timers.pass(1499);
    expect(first.isOpen).toBe(true);
    timers.pass(1);
    expect(ways).toMatchObject([
      { way: 'worker 2', isOpen: false },
      { way: 'shared', replayMs: 5000, isOpen: true },
    ]);
    const second = ways[1];
    second?.events.started();
    second?.events.frame(KEY(0, 1));
    second?.events.ended(end('closed'));
    expect(told).toEqual(['started', 'ended closed']);
    expect(frames).toHaveLength(1);
    upstream.close();
    expect(second?.isOpen).toBe(false);
  });

  it.each([
    ['there was nobody', end('unreachable')],
    ['that one was refused', end('refused', true)],
    ['that one did not answer in time', end('deadline')],
  ])('becomes one of its own at once where %s', (_name, why) => {
    const { timers, ways, told, first } = begun();
    first.events.ended(why);
    expect(ways.map(({ way }) => way)).toEqual(['worker 2', 'shared']);
    expect(told).toEqual([]);
    timers.pass(60_000);
    expect(ways).toHaveLength(2);
  });

  it('ends where that one waited for the owner in vain: this one would wait as long again', () => {
    const { timers, ways, told, first } = begun();
    first.events.ended(end('deadline', true));
    timers.pass(60_000);
    expect(told).toEqual(['ended deadline']);
    expect(ways).toHaveLength(1);
  });

  it('is over once it is closed, also while it waits', () => {
    const { timers, ways, upstream, first } = begun();
    upstream.close();
    expect(first.isOpen).toBe(false);
    timers.pass(60_000);
    expect(ways).toHaveLength(1);
    expect(timers.pending).toBe(0);
  });
});
