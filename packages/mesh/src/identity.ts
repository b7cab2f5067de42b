import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MemberId } from '@headwater/directory';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { MeshError, type MeshLog } from './mesh.js';
import { readIfThere, writeWhole } from './whole-file.js';

/** Who this member is: its key, its id, and which of its starts this is. */
export interface Identity {
  readonly id: MemberId;
  /** Greater than at each start before, also when the clock went back: Unix ms of the start, or the last one + 1. */
  readonly generation: number;
  readonly privateKey: KeyObject;
  readonly publicKeyBytes: Uint8Array;
  readonly libp2pKey: Ed25519PrivateKey;
}

const KEY_FILE = 'identity.pem';
const GENERATION_FILE = 'generation';

/**
 * Reads the identity key (PKCS 8 PEM, mode 0600) from `dataDir`, or makes one there at the first start, and counts this
 * start. `now`: Unix ms.
 *
 * @throws MeshError `identity` where the files cannot be read, written or understood.
 */
export async function loadIdentity(dataDir: string, now: number, log: MeshLog): Promise<Identity> {
  try {
    await mkdir(dataDir, { recursive: true });
    const privateKey = await loadKey(join(dataDir, KEY_FILE), log);
    const generation = await nextGeneration(join(dataDir, GENERATION_FILE), now);
    return identityOf(privateKey, generation);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MeshError(
      'identity',
      `cannot keep the identity key in ${dataDir} (${reason}): make dataDir a folder that this user may write`,
      { cause: error },
    );
  }
}

/** Keeps a generation that the member takes while it runs, so that the next start counts on from it. @throws where it can't. */
export async function keepGeneration(dataDir: string, generation: number): Promise<void> {
  await writeWhole(join(dataDir, GENERATION_FILE), `${generation}\n`);
}

async function identityOf(privateKey: KeyObject, generation: number): Promise<Identity> {
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const publicKeyBytes = Buffer.from(
    createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '',
    'base64url',
  );
  const libp2pKey = await generateKeyPairFromSeed('Ed25519', seed);
  return {
    id: peerIdFromPrivateKey(libp2pKey).toString(),
    generation,
    privateKey,
    publicKeyBytes,
    libp2pKey,
  };
}

async function loadKey(path: string, log: MeshLog): Promise<KeyObject> {
  const pem = await readIfThere(path);
  if (pem === null) {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeWhole(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    return privateKey;
  }
  if (((await stat(path)).mode & 0o077) !== 0) {
    await chmod(path, 0o600);
    log.warn({ path, mode: '0600' }, 'identity key was readable by others; mode corrected');
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw badKey(path, error);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw badKey(path);
  return key;
}

const badKey = (path: string, cause?: unknown): MeshError =>
  new MeshError(
    'identity',
    `${path} holds no Ed25519 private key in PEM: restore it, or remove it to start as a new member`,
    { cause },
  );

async function nextGeneration(path: string, now: number): Promise<number> {
  const last = Number((await readIfThere(path)) ?? 0);
  const generation = Math.max(Math.floor(now), Number.isSafeInteger(last) && last > 0 ? last + 1 : 1);
  await writeWhole(path, `${generation}\n`);
  return generation;
}
