import { hkdfSync } from 'node:crypto';
import { isIP } from 'node:net';
import { MeshError } from './mesh.js';

/** Shortest `mesh.key`, bytes of its UTF-8 text. */
export const MESH_KEY_BYTES_MIN = 32;

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/**
 * What both sides of a connection mix into the noise handshake (its prologue): 32 bytes derived from the mesh key by
 * HKDF-SHA256 (RFC 5869). Who has another key cannot finish the handshake.
 *
 * @throws MeshError `key-missing` where there is no key and `host` is reachable from outside; `key-short`.
 */
export function meshPrologue(key: string | undefined, host: string): Uint8Array {
  if (key === undefined || key === '') {
    if (!isLoopback(host))
      throw new MeshError(
        'key-missing',
        `mesh.key is not set, and the mesh listens on ${host}: make a key with "headwater key" and set it on every member, or listen on 127.0.0.1`,
      );
  } else if (Buffer.byteLength(key) < MESH_KEY_BYTES_MIN) {
    throw new MeshError(
      'key-short',
      `mesh.key has ${Buffer.byteLength(key)} bytes, at least ${MESH_KEY_BYTES_MIN} are needed: make one with "headwater key"`,
    );
  }
  return new Uint8Array(hkdfSync('sha256', key ?? '', 'headwater', 'mesh/1 noise prologue', 32));
}
