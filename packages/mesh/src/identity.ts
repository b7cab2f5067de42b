import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MemberId } from '@headwater/directory';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { GENERATION_STEP_MAX, nextGeneration } from './core/generation.js';
import { makeFolder } from './data-folder.js';
import { withDeadline } from './deadline.js';
import { MeshError, type MeshLog } from './mesh.js';
import { createWhole, overwrite, readIfThere, writeWhole } from './whole-file.js';

/** Who this member is: its key, its id, and which of its starts this is. */
export interface Identity {
  readonly id: MemberId;
  /** Greater than at each start before, also when the clock went back: see `nextGeneration`. */
  readonly generation: number;
  readonly privateKey: KeyObject;
  readonly publicKeyBytes: Uint8Array;
  readonly libp2pKey: Ed25519PrivateKey;
}

const KEY_FILE = 'identity.pem';
const GENERATION_FILE = 'generation';

/** Longer files were not written by us. */
const KEY_BYTES_MAX = 4_096;
const GENERATION_BYTES_MAX = 64;

/** How long the files may take altogether: a disk that is busy answers by then, a hung mount never does. */
export const DATA_DIR_DEADLINE_MS = 10_000;

/**
 * Reads the identity key (PKCS 8 PEM, mode 0600) from `dataDir`, or makes one there at the first start, and counts this
 * start. `now`: Unix ms. Once there is a key, nothing needs to be written: a member starts on a disk that is full or
 * read-only as well, with a warning. `random`: 0 <= random() < 1; drawn from where the clock went back.
 *
 * @throws MeshError `identity` where the key cannot be read, made or understood, or the disk does not answer; its cause
 * has the system's code.
 */
export async function loadIdentity(
  dataDir: string,
  now: number,
  log: MeshLog,
  deadlineMs = DATA_DIR_DEADLINE_MS,
  random: () => number = Math.random,
): Promise<Identity> {
  try {
    const files = loadFiles(dataDir, (last) => nextGeneration(last, now, random), log);
    const { privateKey, generation } = await withDeadline('the disk', deadlineMs, files);
    return await identityOf(privateKey, generation);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    throw new MeshError('identity', `cannot keep the identity key in ${dataDir}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Keeps a generation that the member takes while it runs, so that the next start counts on from it.
 *
 * @throws where it can't, or the disk does not answer.
 */
export async function keepGeneration(
  dataDir: string,
  generation: number,
  deadlineMs = DATA_DIR_DEADLINE_MS,
): Promise<void> {
  const writing = writeWhole(join(dataDir, GENERATION_FILE), `${generation}\n`);
  await withDeadline('the disk', deadlineMs, writing);
}

async function loadFiles(
  dataDir: string,
  next: (last: number) => number,
  log: MeshLog,
): Promise<{ readonly privateKey: KeyObject; readonly generation: number }> {
  await makeFolder(dataDir);
  const privateKey = await loadKey(join(dataDir, KEY_FILE), log);
  const generation = await countStart(join(dataDir, GENERATION_FILE), next, log);
  return { privateKey, generation };
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
  const pem = await readIfThere(path, KEY_BYTES_MAX);
  if (pem === null) {
    const { privateKey } = generateKeyPairSync('ed25519');
    const isOurs = await createWhole(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    // Two first starts at once are one member twice, which the mesh tells; a key that no disk has would be lost with its process.
    return isOurs ? privateKey : loadKey(path, log);
  }
  if (((await stat(path)).mode & 0o077) !== 0) {
    try {
      await chmod(path, 0o600);
      log.warn({ path, mode: '0600' }, 'identity key was readable by others; mode corrected');
    } catch (error) {
      log.warn({ path, reason: reasonOf(error) }, 'identity key is readable by others; mode not corrected');
    }
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

/** Greater than the last one, as far as the file tells; where it cannot be kept the member goes on nevertheless. */
async function countStart(path: string, next: (last: number) => number, log: MeshLog): Promise<number> {
  const generation = next(await lastGeneration(path, log));
  const text = `${generation}\n`;
  try {
    await writeWhole(path, text);
  } catch (error) {
    const reason = reasonOf(error);
    try {
      await overwrite(path, text);
      log.warn({ path, generation, reason }, 'generation overwritten in place');
    } catch {
      log.warn({ path, generation, reason, hint: NOT_KEPT_HINT }, 'generation not kept');
    }
  }
  return generation;
}

const NOT_KEPT_HINT =
  'this start goes by the clock; make room, or dataDir writable, before the clock of this machine goes back';

/** 0 where there is none, or none that can be read. */
async function lastGeneration(path: string, log: MeshLog): Promise<number> {
  let text: string | null;
  try {
    text = await readIfThere(path, GENERATION_BYTES_MAX);
  } catch (error) {
    log.warn({ path, reason: reasonOf(error) }, 'generation not read');
    return 0;
  }
  if (text === null) return 0;
  const last = /^\d{1,16}\s*$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(last + GENERATION_STEP_MAX)) return last;
  log.warn({ path, reason: 'it holds no whole number' }, 'generation not understood');
  return 0;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
