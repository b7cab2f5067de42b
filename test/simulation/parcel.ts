import type { MemberId } from '@headwater/directory';
import type { BroadcastMessage, DirectMessage } from '@headwater/mesh/core';
import type { Decoded } from '@headwater/mesh/wire';
import type { Random } from '@headwater/testing/random';
import { type Language, PRESENT } from './language.js';
import type { Sealing } from './seal.js';

/** Length and channel in front of a direct message; format, key and signature around a broadcast one. */
const FRAME_BYTES = 5;
const ENVELOPE_BYTES = 97;

/** A heartbeat as the codec packs it; they are most of the traffic, and nearly all the same. */
const HEARTBEAT_BYTES = 48;

/**
 * A message on its way. A share of them travels as the real bytes, through the real codec; the others are handed over
 * as they are, which is quicker. A signature is only noted as `author`, unless somebody made an envelope by hand.
 */
export interface Parcel {
  readonly author: MemberId;
  readonly message: DirectMessage | BroadcastMessage;
  readonly encoded: Uint8Array | null;
  /** The real bytes where they were made to be counted, also where the message is handed over as it is. */
  readonly written?: Uint8Array;
  readonly bytes: number;
  /** Of whoever wrote `encoded`; absent: the present one. */
  readonly language?: Language;
  /** In place of all that: an envelope whose signature is to be checked. */
  readonly handMade?: Uint8Array;
}

export interface Codec {
  /** Share of messages that go through the real codec, 0..1. */
  readonly share: number;
  readonly random: Random;
  readonly language: Language;
}

export function direct(author: MemberId, message: DirectMessage, codec: Codec): Parcel {
  const isEncoded = isWritten(codec);
  if (message.kind === 'heartbeat' && !isEncoded)
    return { author, message, encoded: null, bytes: HEARTBEAT_BYTES + FRAME_BYTES };
  return parcelOf(author, message, codec, isEncoded, FRAME_BYTES);
}

export const broadcast = (author: MemberId, message: BroadcastMessage, codec: Codec): Parcel =>
  parcelOf(author, message, codec, isWritten(codec), ENVELOPE_BYTES);

/** What another version writes, this one must read. */
const isWritten = ({ share, random, language }: Codec): boolean =>
  random.chance(share) || language !== PRESENT;

function parcelOf(
  author: MemberId,
  message: Parcel['message'],
  { language }: Codec,
  isEncoded: boolean,
  aroundBytes: number,
): Parcel {
  const written = language.encode(message);
  return {
    author,
    message,
    encoded: isEncoded ? written : null,
    written,
    bytes: written.byteLength + aroundBytes,
    language,
  };
}

/** @throws Error where a version does not take what it packed itself: always a fault. */
export function openDirect(parcel: Parcel, from: MemberId, language: Language): Decoded<DirectMessage> {
  if (parcel.encoded === null) return { kind: 'message', message: parcel.message as DirectMessage };
  return understood(parcel, language, language.decodeDirect(parcel.encoded, from));
}

/** @throws Error as above. */
export function openBroadcast(parcel: Parcel, language: Language): Decoded<BroadcastMessage> {
  if (parcel.encoded === null) return { kind: 'message', message: parcel.message as BroadcastMessage };
  return understood(parcel, language, language.decodeBroadcast(parcel.encoded, parcel.author));
}

function understood<T>(parcel: Parcel, language: Language, decoded: Decoded<T>): Decoded<T> {
  if (decoded.kind === 'message' || (parcel.language ?? PRESENT) !== language) return decoded;
  throw new Error(`a ${parcel.message.kind} came out of the codec as ${JSON.stringify(decoded)}`);
}

const signedBytes = new WeakMap<Parcel['message'], Uint8Array>();

/** A broadcast message as its author signedBytes it; always the same bytes for the same message. */
export function signedBytesOf(
  { author, message, encoded, written, handMade, language = PRESENT }: Parcel,
  sealing: Sealing,
): Uint8Array {
  if (handMade) return handMade;
  const known = signedBytes.get(message);
  if (known) return known;
  const made = sealing.seal(author, encoded ?? written ?? language.encode(message));
  signedBytes.set(message, made);
  return made;
}
