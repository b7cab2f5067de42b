import { Random } from '@headwater/testing/random';
import { describe, expect, it } from 'vitest';
import { Timeline } from '../timeline.js';
import { Told } from '../transport-contract.js';
import { QUEUE_BYTES_MAX } from './connection.js';
import type { Host } from './endpoint.js';
import { Network } from './network.js';

/** A process that can be made to stand still. */
class Process implements Host {
  isStalled = false;
  #inbox: (() => void)[] = [];

  run(job: () => void): void {
    if (this.isStalled) this.#inbox.push(job);
    else job();
  }

  resume(): void {
    this.isStalled = false;
    for (const job of this.#inbox.splice(0)) job();
  }
}

function pair() {
  const timeline = new Timeline();
  const network = new Network<Uint8Array>(timeline, new Random(1), (bytes) => bytes.byteLength);
  const member = (name: string) => {
    const told = new Told();
    const process = new Process();
    return { told, process, endpoint: network.attach(name, [`${name}:1`], process, told) };
  };
  const [a, b] = [member('a'), member('b')];
  const run = (ms: number): void => timeline.runTo(timeline.now + ms);
  a.endpoint.dial('b', ['b:1'], 0);
  run(100);
  const numbers = (): (number | undefined)[] => b.told.directs.map(({ bytes }) => bytes[0]);
  return { timeline, network, paths: network.paths, a, b, run, member, numbers };
}

/** The same with two connections, since both dialled at once. */
function pairOfTwo() {
  const made = pair();
  const { a, b, run } = made;
  a.endpoint.disconnect('b', 'test', 0);
  run(10);
  a.endpoint.dial('b', ['b:1'], 0);
  b.endpoint.dial('a', ['a:1'], 0);
  run(10);
  expect([a.told.connects.length, b.told.connects.length]).toEqual([3, 3]);
  return made;
}

// What `Transport` promises is in `transport-contract`; this is what only the simulated network can show.
describe('the simulated network', () => {
  it('keeps what a cut holds up, in order, and drops nothing of a connection that outlives it', () => {
    const { paths, a, b, run, numbers } = pair();
    a.endpoint.send('b', Uint8Array.of(1));
    run(10);
    paths.cut('a', 'b');
    a.endpoint.send('b', Uint8Array.of(2));
    b.endpoint.send('a', Uint8Array.of(9));
    run(1_000);
    expect(numbers()).toEqual([1]);
    expect(a.told.directs).toHaveLength(1);
    paths.heal('a', 'b');
    a.endpoint.send('b', Uint8Array.of(3));
    run(2_000);
    expect(numbers()).toEqual([1, 2, 3]);
  });

  it('loses nothing that is on its way on a spare connection when that is closed', () => {
    const { a, b, run, numbers } = pairOfTwo();
    // On a spare connection for as long as it is there, and without a pause.
    for (let index = 0; index < 12_000; index += 1) {
      a.endpoint.send('b', Uint8Array.of(index & 255));
      run(0.1);
    }
    run(100);
    expect([a.told.disconnects, b.told.disconnects]).toEqual([['b'], ['a']]);
    expect(numbers()).toEqual(Array.from({ length: 12_000 }, (_, index) => index & 255));
  });

  it('ends a spare connection by force where the other side never ends its part', () => {
    const { a, b, run, numbers } = pairOfTwo();
    b.endpoint.send('a', Uint8Array.of(5));
    a.endpoint.send('b', Uint8Array.of(6));
    run(400);
    a.process.isStalled = true;
    run(10_000);
    a.process.resume();
    run(100);
    a.endpoint.send('b', Uint8Array.of(7));
    run(100);
    expect([numbers(), b.told.disconnects]).toEqual([[6, 7], ['a']]);
  });

  it('cannot be dialled through a cut, not even a one-way one', () => {
    const { paths, a, run } = pair();
    a.endpoint.disconnect('b', 'test', 0);
    run(10);
    paths.cut('b', 'a');
    a.endpoint.dial('b', ['b:1'], 0);
    run(3_000);
    expect(a.told.failures).toEqual(['b']);
    expect(a.told.connects).toEqual(['b']);
  });

  it('closes a connection whose other side takes nothing, at the limit', () => {
    const { a, b, run } = pair();
    b.process.isStalled = true;
    const bytes = new Uint8Array(64 * 1024);
    for (let sent = 0; sent <= QUEUE_BYTES_MAX; sent += bytes.byteLength) {
      expect(a.told.disconnects).toEqual([]);
      a.endpoint.send('b', bytes);
      run(1);
    }
    expect(a.told.disconnects).toEqual(['b']);
    b.process.resume();
    run(10);
    expect(b.told.disconnects).toEqual(['a']);
  });

  it('tells of a killed process at once, of a dead machine never, until it is up again', () => {
    const killed = pair();
    killed.b.endpoint.crash(false);
    killed.run(10);
    expect(killed.a.told.disconnects).toEqual(['b']);

    const { network, a, b, run, member } = pair();
    b.endpoint.crash(true);
    network.powerOff('b');
    a.endpoint.send('b', Uint8Array.of(1));
    run(60_000);
    expect(a.told.disconnects).toEqual([]);
    member('b');
    a.endpoint.send('b', Uint8Array.of(2));
    run(100);
    expect(a.told.disconnects).toEqual(['b']);
  });

  it('greets a restarted member on its new connection, though the old one still looks open', () => {
    const { network, a, b, run, member } = pair();
    b.endpoint.send('a', Uint8Array.of(1));
    run(10);
    b.endpoint.crash(true);
    network.powerOff('b');
    run(1_000);
    const again = member('b');
    again.endpoint.dial('a', ['a:1'], 0);
    run(10);
    expect(a.told.connects).toEqual(['b', 'b']);
    a.endpoint.send('b', Uint8Array.of(7));
    run(10);
    expect(again.told.directs.map(({ bytes }) => bytes[0])).toEqual([7]);
  });

  it('loses, repeats and reorders broadcasts as the weather says', () => {
    const { paths, a, b, run } = pair();
    paths.weather = { ...paths.weather, gossipLoss: 0.3, gossipRepetition: 0.3, gossipJitterMs: 200 };
    const sent = Array.from({ length: 300 }, (_, index) => String(index));
    for (const text of sent) {
      a.endpoint.broadcast(Buffer.from(text));
      run(5);
    }
    run(1_000);
    const came = b.told.broadcasts;
    const distinct = new Set(came);
    expect(distinct.size).toBeGreaterThan(150);
    expect(distinct.size).toBeLessThan(270);
    expect(came.length).toBeGreaterThan(distinct.size);
    expect(came).not.toEqual([...came].sort((one, other) => Number(one) - Number(other)));
  });
});
