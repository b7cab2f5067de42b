import type { Member } from './member.js';
import type { Endpoint, Host } from './network/endpoint.js';
import type { Parcel } from './parcel.js';
import type { World } from './world.js';

/**
 * A process that has a member's identity and port but never gets as far as a greeting, such as one whose disk hangs: each
 * connection that it took is closed after a while, without a word.
 */
export class MuteProcess implements Host {
  readonly #world: World;
  readonly #endpoint: Endpoint<Parcel>;
  #hasEnded = false;

  /** `holdMs`: how long it keeps a connection. */
  constructor(world: World, { id, addresses, machine, keys }: Member, holdMs: () => number) {
    this.#world = world;
    const nothing = (): void => {};
    this.#endpoint = world.network.attach(
      id,
      addresses,
      this,
      {
        connected: (peer) => world.timeline.after(holdMs(), () => this.#endpoint.disconnect(peer, 'mute', 0)),
        disconnected: nothing,
        dialFailed: nothing,
        seedVisited: nothing,
        offence: nothing,
        direct: nothing,
        broadcast: () => false,
      },
      { machine, keys },
    );
  }

  run(job: () => void): void {
    if (!this.#hasEnded) job();
  }

  end(): void {
    this.#hasEnded = true;
    this.#endpoint.crash(false);
    this.#world.trace(`end of the mute process of ${this.#endpoint.self}`);
  }
}
