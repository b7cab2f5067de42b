import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { MemberId, StreamKey } from '@headwater/directory';
import { Parameters } from './tokens/parameters.js';

/** How long a proof says that it counts, s: members' clocks may differ by as much. */
const PROOF_S = 25;
/** A proof from a clock that is ahead says a later time; nobody makes one for longer. */
const EXPIRES_AHEAD_S = 2 * PROOF_S;
const KEY_BYTES = 32;
const ID_FORM = /^[A-Za-z0-9_-]{1,64}$/;
const EXPIRES_FORM = /^[1-9]\d{0,11}$/;
const PROOF_FORM = /^[0-9a-f]{64}$/;

/** One pull, or one publish that a member forwards: who asks whom for which stream of whom. */
export interface RelayPull {
  /** Absent: a pull. A proof of one is none of the other. */
  readonly action?: 'pull' | 'forward';
  readonly puller: MemberId;
  /** The member that is connected to. */
  readonly asked: MemberId;
  /** Whose media is asked for, where that is another one; of a forward, whose place it takes. Else null. */
  readonly relayOf: MemberId | null;
  readonly key: StreamKey;
}

/** Keys for proofs, made of the mesh's: what media knows cannot open the mesh. In hex, so that it is plain data. */
export function relayKeysOf(meshKeys: readonly string[]): readonly string[] {
  return meshKeys.map((key) =>
    Buffer.from(hkdfSync('sha256', key, '', 'headwater relay proof 1', KEY_BYTES)).toString('hex'),
  );
}

/** The parameters of a pull or forward that prove it to be this member's. Worthless after 30 s, and for anything else. */
export function relayProof(pull: RelayPull, key: string, nowS: number): string {
  const expires = Math.floor(nowS) + PROOF_S;
  return `puller=${encodeURIComponent(pull.puller)}&expires=${expires}&proof=${proofOf(pull, expires, key).toString('hex')}`;
}

export type RelayProofResult = 'valid' | 'missing' | 'invalid' | 'expired';

/** Judges a pull's parameters; of `pull`, the puller is the client's word. */
export function checkRelayProof(
  query: string,
  pull: Omit<RelayPull, 'puller'>,
  keys: readonly string[],
  nowS: number,
): RelayProofResult {
  const parameters = new Parameters(query);
  const proof = parameters.get('proof');
  const puller = parameters.get('puller');
  const expires = parameters.get('expires');
  if (proof.kind === 'none') return 'missing';
  if (proof.kind !== 'one' || puller.kind !== 'one' || expires.kind !== 'one') return 'invalid';
  if (!PROOF_FORM.test(proof.value) || !ID_FORM.test(puller.value) || !EXPIRES_FORM.test(expires.value))
    return 'invalid';
  const until = Number(expires.value);
  const given = Buffer.from(proof.value, 'hex');
  let isProven = false;
  for (const key of keys) {
    if (timingSafeEqual(proofOf({ ...pull, puller: puller.value }, until, key), given)) isProven = true;
  }
  if (!isProven) return 'invalid';
  return nowS < until && until <= nowS + EXPIRES_AHEAD_S ? 'valid' : 'expired';
}

function proofOf(
  { action, puller, asked, relayOf, key: stream }: RelayPull,
  expires: number,
  key: string,
): Buffer {
  const purpose = action === 'forward' ? 'headwater forward 1' : 'headwater relay 1';
  const text = [purpose, puller, asked, relayOf ?? asked, stream, expires].join('\n');
  return createHmac('sha256', Buffer.from(key, 'hex')).update(text).digest();
}
