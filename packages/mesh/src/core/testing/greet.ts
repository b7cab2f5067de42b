import type { Hello } from '../messages.js';
import type { Peer } from '../peer.js';
import { helloOf } from './hello-of.js';

/** The member connects, and this start of it says hello; it names no addresses unless the test does. */
export function greet(peer: Peer, generation: number, now: number, more: Partial<Hello> = {}): void {
  peer.connected({}, now);
  peer.greeted(helloOf(peer.id, { generation, addresses: [], ...more }), peer.greetedAs, now);
}
