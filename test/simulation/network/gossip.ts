import type { MemberId } from '@headwater/directory';
import type { Endpoint } from './endpoint.js';
import type { Network } from './network.js';

/** Members to whom a receiver hands a message on: the real transport's D. */
const FORWARDS = 2;

/** A message is known as seen for this long, ms. */
const SEEN_MS = 30_000;

/** Behind a cut, a frame is tried again after so long, and given up after so many tries. */
const RETRY_MS = { min: 300, max: 4_000 };
const TRIES_MAX = 4;

/** A new member is known to gossip so long after it connected, ms and round trips: until then it is told directly. */
const KNOWN_AFTER_MS = 30;
const KNOWN_AFTER_TRIPS = 3;

/** Who had not heard of a broadcast yet that its author was connected with. */
export interface Publication<P> {
  readonly at: number;
  readonly by: Endpoint<P>;
  readonly missing: Set<Endpoint<P>>;
  /** When it arrives at last at those that it was sent to, and not lost on the way. */
  readonly arrivesAt: Map<Endpoint<P>, number>;
}

interface Rumour<P> {
  readonly publication: Publication<P>;
  readonly id: number;
  readonly payload: P;
}

/**
 * Broadcasts, as gossipsub does them here: the author sends to everybody connected, who hears it first hands it on to
 * a few. On each hop a message may be lost, late, or come twice; behind a cut it may come much later.
 */
export class Gossip<P> {
  readonly #network: Network<P>;
  /** Members that hand nothing on. */
  readonly mute = new Set<MemberId>();
  /** The author tells all directly whom gossip does not know yet; not so: only where it knows nobody at all. */
  isFallbackForAll = true;
  /** Some broadcast was lost on some hop: it is told again, but less and less often. */
  hasLost = false;
  /** While nothing is lost; since somebody took them from here. */
  publications: Publication<P>[] = [];
  readonly #seen = new WeakMap<Endpoint<P>, Map<number, number>>();
  #ids = 0;

  constructor(network: Network<P>) {
    this.#network = network;
  }

  publish(from: Endpoint<P>, payload: P): void {
    this.#ids += 1;
    const partners = from.connected.flatMap((peer) => from.partner(peer) ?? []);
    const publication: Publication<P> = {
      at: this.#network.timeline.now,
      by: from,
      missing: new Set(partners),
      arrivesAt: new Map(),
    };
    if (this.#network.paths.weather.gossipLoss === 0) this.publications.push(publication);
    const rumour = { id: this.#ids, payload, publication };
    this.#see(from, rumour.id);
    const known = from.connected.filter((peer) => this.#isKnown(from, peer));
    for (const peer of known) this.#hop(from, peer, rumour);
    if (!this.isFallbackForAll && known.length > 0) return;
    for (const peer of from.connected) if (!known.includes(peer)) this.#hop(from, peer, rumour);
  }

  #isKnown(from: Endpoint<P>, peer: MemberId): boolean {
    const { weather } = this.#network.paths;
    const sinceMs = from.connectedForMs(peer);
    return sinceMs >= KNOWN_AFTER_MS + KNOWN_AFTER_TRIPS * 2 * (weather.delayMs + weather.jitterMs);
  }

  #hop(from: Endpoint<P>, to: MemberId, rumour: Rumour<P>): void {
    const { paths, timeline } = this.#network;
    const { random, weather } = paths;
    this.#network.sent(from.self, rumour.payload);
    if (random.chance(weather.gossipLoss)) {
      this.hasLost = true;
      return;
    }
    const target = from.partner(to);
    if (target === undefined) return;
    const lateMs = (): number => paths.delayMs() + random.fraction() * weather.gossipJitterMs;
    const arrivesAt = timeline.now + lateMs();
    const { publication } = rumour;
    publication.arrivesAt.set(target, Math.min(arrivesAt, publication.arrivesAt.get(target) ?? arrivesAt));
    timeline.at(arrivesAt, () => this.#arrive(from, target, rumour, false, 0));
    if (random.chance(weather.gossipRepetition))
      timeline.after(lateMs(), () => this.#arrive(from, target, rumour, true, 0));
  }

  #arrive(from: Endpoint<P>, to: Endpoint<P>, rumour: Rumour<P>, isAgain: boolean, tries: number): void {
    if (to.isClosed) return;
    const { paths, timeline } = this.#network;
    if (paths.isCut(from.machine, to.machine)) {
      if (tries >= TRIES_MAX || paths.random.chance(0.3)) return;
      timeline.after(paths.random.between(RETRY_MS.min, RETRY_MS.max), () =>
        this.#arrive(from, to, rumour, isAgain, tries + 1),
      );
      return;
    }
    to.host.run(() => {
      rumour.publication.missing.delete(to);
      const isNew = this.#see(to, rumour.id);
      if (to.isClosed || (!isNew && !isAgain)) return;
      const isSound = to.events.broadcast(rumour.payload, from.self);
      if (!isNew || !isSound || this.mute.has(to.self)) return;
      const others = to.connected.filter((peer) => peer !== from.self);
      for (let count = 0; count < FORWARDS && others.length > 0; count += 1) {
        const [peer] = others.splice(paths.random.whole(0, others.length - 1), 1);
        if (peer !== undefined) this.#hop(to, peer, rumour);
      }
    });
  }

  /** Whether this one had not seen it yet. */
  #see(endpoint: Endpoint<P>, id: number): boolean {
    const { now } = this.#network.timeline;
    let seen = this.#seen.get(endpoint);
    if (seen === undefined) {
      seen = new Map();
      this.#seen.set(endpoint, seen);
    }
    for (const [old, at] of seen) {
      if (now - at <= SEEN_MS) break;
      seen.delete(old);
    }
    if (seen.has(id)) return false;
    seen.set(id, now);
    return true;
  }
}
