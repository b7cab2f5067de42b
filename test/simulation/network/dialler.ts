import type { MemberId } from '@headwater/directory';
import type { SeedOutcome } from '@headwater/mesh/core';
import { Connection } from './connection.js';
import type { Endpoint } from './endpoint.js';
import type { Network } from './network.js';

/** A dial of one address may take this long, ms; the first packet is sent again after `SYN_AGAIN_MS`. */
const DIAL_TIMEOUT_MS = 2_000;
const SYN_AGAIN_MS = 1_000;

/** An address is tried for so long before the next one is tried beside it, ms. */
const HEAD_START_MS = 250;

/** Round trips of a handshake: TCP, noise, muxer. */
const HANDSHAKE_TRIPS = 3;

type Outcome = { readonly reached: MemberId } | { readonly failure: string } | { readonly isSelf: true };

/** Opens connections: a live listener answers after some round trips, a dead port refuses, all else is silence. */
export class Dialler<P> {
  readonly #network: Network<P>;
  /** Which member answered at an address, per endpoint. */
  readonly #answered = new WeakMap<Endpoint<P>, Map<string, MemberId>>();

  constructor(network: Network<P>) {
    this.#network = network;
  }

  /** All addresses, each with a small head start before the next, until one leads to this very member. */
  dial(from: Endpoint<P>, peer: MemberId, addresses: readonly string[], startedAt: number): void {
    const left = [...addresses];
    const failures: string[] = [];
    let pending = 0;
    let isSettled = false;
    const next = (): void => {
      if (isSettled || from.isClosed || from.isConnected(peer)) return;
      const address = left.shift();
      if (address === undefined) {
        if (pending > 0) return;
        isSettled = true;
        from.events.dialFailed(peer, failures.join('; ') || 'no address', startedAt);
        return;
      }
      pending += 1;
      this.#dialOne(from, address, (outcome) => {
        pending -= 1;
        if ('reached' in outcome && outcome.reached === peer) isSettled = true;
        else failures.push('failure' in outcome ? outcome.failure : `${address}: not that member`);
        next();
      });
      if (left.length > 0) this.#network.timeline.after(HEAD_START_MS, () => from.host.run(next));
    };
    next();
  }

  /** Everybody behind one name. */
  visit(from: Endpoint<P>, seed: string): void {
    const addresses = this.#network.resolve(seed);
    const outcomes: Outcome[] = [];
    const told = (outcome: Outcome): void => {
      outcomes.push(outcome);
      if (outcomes.length < addresses.length) return;
      from.events.seedVisited(seed, outcomeOf(outcomes));
    };
    if (addresses.length === 0)
      from.events.seedVisited(seed, { reached: [], isSelf: false, failure: 'unknown name' });
    for (const address of addresses) {
      const known = this.#answered.get(from)?.get(address);
      if (from.addresses.includes(address)) told({ isSelf: true });
      else if (known !== undefined && from.isConnected(known)) told({ reached: known });
      else this.#dialOne(from, address, told);
    }
  }

  #dialOne(from: Endpoint<P>, address: string, done: (outcome: Outcome) => void): void {
    const { timeline, paths } = this.#network;
    let isSettled = false;
    const settle = (outcome: Outcome): void => {
      if (isSettled) return;
      isSettled = true;
      from.host.run(() => {
        if (!from.isClosed) done(outcome);
      });
    };
    const attempt = (): void => {
      const machine = this.#network.machineAt(address);
      if (isSettled || machine === undefined || !this.#network.isMachineUp(machine)) return;
      if (paths.isBroken(from.machine, machine)) return;
      const tripMs = paths.wireMs() + paths.wireMs();
      const listener = this.#network.listenerAt(address);
      if (listener === from) settle({ isSelf: true });
      else if (listener === undefined)
        timeline.after(tripMs + this.#resendMs(1), () =>
          settle({ failure: `${address}: connection refused` }),
        );
      else
        timeline.after(tripMs * HANDSHAKE_TRIPS + this.#resendMs(HANDSHAKE_TRIPS), () =>
          listener.host.run(() => {
            if (isSettled || from.isClosed || listener.isClosed) return;
            if (paths.isBroken(from.machine, machine)) return;
            if (listener.self === from.self) {
              settle({ failure: `${address}: another process has this member's identity` });
              return;
            }
            if (!listener.keys.includes(from.keys[0] ?? '')) {
              settle({ failure: `${address}: another mesh key` });
              return;
            }
            if (listener.isRefused(from.self) || from.isRefused(listener.self)) {
              settle({ failure: `${address}: refused` });
              return;
            }
            // Who dialled learns of it first, and is connected before it is told that the dial went well.
            timeline.after(paths.delayMs(), () =>
              from.host.run(() => {
                if (isSettled || from.isClosed) return;
                this.#remember(from, address, listener.self);
                const connection = new Connection(paths, from, listener, address);
                this.#network.track(connection);
                connection.open();
                settle({ reached: listener.self });
              }),
            );
          }),
        );
    };
    attempt();
    timeline.after(SYN_AGAIN_MS, () => attempt());
    timeline.after(DIAL_TIMEOUT_MS, () =>
      settle({ failure: `${address}: no answer within ${DIAL_TIMEOUT_MS} ms` }),
    );
  }

  /** What losses add to so many round trips. */
  #resendMs(trips: number): number {
    let ms = 0;
    for (let packet = 0; packet < 2 * trips; packet += 1) ms += this.#network.paths.resendMs();
    return ms;
  }

  #remember(from: Endpoint<P>, address: string, member: MemberId): void {
    const answered = this.#answered.get(from) ?? new Map<string, MemberId>();
    answered.set(address, member);
    this.#answered.set(from, answered);
  }
}

function outcomeOf(outcomes: readonly Outcome[]): SeedOutcome {
  const failures = outcomes.flatMap((one) => ('failure' in one ? [one.failure] : []));
  return {
    reached: outcomes.flatMap((one) => ('reached' in one ? [one.reached] : [])),
    isSelf: outcomes.some((one) => 'isSelf' in one),
    ...(failures.length > 0 && { failure: failures.join('; ') }),
  };
}
