import type { MemberId } from '@headwater/directory';
import type { BroadcastMessage, DirectMessage } from '@headwater/mesh/core';
import { decodeBroadcast, decodeDirect, encode } from '@headwater/mesh/wire';
import type { Random } from '@headwater/testing/random';
import { seal } from './seal.js';

/** Length and channel in front of a direct message; format, key and signature around a broadcast one. */
const FRAME_BYTES = 5;
const ENVELOPE_BYTES = 97;

/** A heartbeat as the codec packs it; they are most of the traffic, and nearly all the same. */
const HEARTBEAT_BYTES = 48;

/**
 * A message on its way. A share of them travels as the real bytes, through the real codec; the others are handed over
 * as they are, which is quicker. A signature is only noted as `author`: nobody here can forge one.
 */
export interface Parcel {
  readonly author: MemberId;
  readonly message: DirectMessage | BroadcastMessage;
  readonly encoded: Uint8Array | null;
  readonly bytes: number;
}

export interface Codec {
  /** Share of messages that go through the real codec, 0..1. */
  readonly share: number;
  readonly random: Random;
}

export function direct(author: MemberId, message: DirectMessage, { share, random }: Codec): Parcel {
  const isEncoded = random.chance(share);
  if (message.kind === 'heartbeat' && !isEncoded)
    return { author, message, encoded: null, bytes: HEARTBEAT_BYTES + FRAME_BYTES };
  const encoded = encode(message);
  return { author, message, encoded: isEncoded ? encoded : null, bytes: encoded.byteLength + FRAME_BYTES };
}

export function broadcast(author: MemberId, message: BroadcastMessage, { share, random }: Codec): Parcel {
  const encoded = encode(message);
  const bytes = encoded.byteLength + ENVELOPE_BYTES;
  return { author, message, encoded: random.chance(share) ? encoded : null, bytes };
}

/** @throws Error where the codec does not take what it packed itself: always a fault. */
export function openDirect(parcel: Parcel, from: MemberId): DirectMessage {
  if (parcel.encoded === null) return parcel.message as DirectMessage;
  const decoded = decodeDirect(parcel.encoded, from);
  if (decoded.kind === 'message') return decoded.message;
  throw new Error(`a ${parcel.message.kind} came out of the codec as ${JSON.stringify(decoded)}`);
}

/** @throws Error as above. */
export function openBroadcast(parcel: Parcel): BroadcastMessage {
  if (parcel.encoded === null) return parcel.message as BroadcastMessage;
  const decoded = decodeBroadcast(parcel.encoded, parcel.author);
  if (decoded.kind === 'message') return decoded.message;
  throw new Error(`a ${parcel.message.kind} came out of the codec as ${JSON.stringify(decoded)}`);
}

const signed = new WeakMap<Parcel['message'], Uint8Array>();

/** A broadcast message as its author signed it; always the same bytes for the same message. */
export function signedBytesOf({ author, message }: Parcel): Uint8Array {
  const known = signed.get(message);
  if (known) return known;
  const made = seal(author, encode(message));
  signed.set(message, made);
  return made;
}
