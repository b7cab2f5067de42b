/** The network under the mesh by itself, for the tests that every implementation of `Transport` passes. */
export { loadIdentity } from '../identity.js';
export { meshKeys } from '../mesh-key.js';
export { createLibp2pTransport } from './libp2p-transport.js';
export type { Transport, TransportEvents } from './transport.js';
