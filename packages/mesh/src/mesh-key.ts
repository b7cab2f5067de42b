import { hkdfSync } from 'node:crypto';
import { isIP } from 'node:net';
import type { MeshKey } from './derived-key.js';
import { MeshError } from './mesh.js';

/** Shortest `mesh.key`, bytes of its UTF-8 text. */
export const MESH_KEY_BYTES_MIN = 32;

/** Keys held at once: a change needs two. */
export const MESH_KEYS_MAX = 4;

/** Bytes of a key's id. */
const ID_BYTES = 8;

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/**
 * The keys of this member, the one it dials with first. Who has none of them cannot finish the handshake.
 *
 * @throws MeshError `key-missing` where there is no key and `host` is reachable from outside; `key-short`; `keys-many`.
 */
export function meshKeys(key: string | readonly string[] | undefined, host: string): readonly MeshKey[] {
  const given = typeof key === 'string' ? [key] : (key ?? []);
  const keys = [...new Set(given)].filter((one) => one !== '');
  if (keys.length === 0 && !isLoopback(host))
    throw new MeshError(
      'key-missing',
      `mesh.key is not set, and the mesh listens on ${host}: make a key with "headwater key" and set it on every member, or listen on 127.0.0.1`,
    );
  if (keys.length > MESH_KEYS_MAX)
    throw new MeshError(
      'keys-many',
      `mesh.key lists ${keys.length} keys, at most ${MESH_KEYS_MAX} are taken: leave out those that no member has any more`,
    );
  for (const one of keys) {
    if (Buffer.byteLength(one) < MESH_KEY_BYTES_MIN)
      throw new MeshError(
        'key-short',
        `mesh.key has ${Buffer.byteLength(one)} bytes, at least ${MESH_KEY_BYTES_MIN} are needed: make one with "headwater key"`,
      );
  }
  return (keys.length === 0 ? [''] : keys).map((one) => ({
    id: Buffer.from(derived(one, 'mesh/1 key id', ID_BYTES)).toString('hex'),
    prologue: derived(one, 'mesh/1 noise prologue', 32),
  }));
}

const derived = (key: string, purpose: string, bytes: number): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, 'headwater', purpose, bytes));
