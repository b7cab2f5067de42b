import { AUDIO_FOURCCS, VIDEO_FOURCCS } from '../../wire/codec-names.js';
import type { AmfObject } from '../../wire/rtmp/amf0.js';

/**
 * Enhanced RTMP v2 (veovera/enhanced-rtmp, docs/enhanced/enhanced-rtmp-v2.md), "Enhancing NetConnection connect Command":
 * FourCcInfoMask is CanDecode 0x01, CanEncode 0x02, CanForward 0x04; CapsExMask is Reconnect 0x01, Multitrack 0x02, ModEx
 * 0x04 ("can parse ModEx signal"), TimestampNanoOffset 0x08. Reconnect is not said of us, who never connect as a client; of
 * a client it says that it follows `NetConnection.Connect.ReconnectRequest`.
 */
const CAN_FORWARD = 0x04;
const CAN_RECONNECT = 0x01;
const CAPS_EX = { multitrack: 0x02, modEx: 0x04, timestampNanoOffset: 0x08 } as const;
/** Any codec; overrides what stands beside it. */
const ANY = '*';
const OFFERS = ['fourCcList', 'videoFourCcInfoMap', 'audioFourCcInfoMap', 'capsEx'] as const;

/**
 * What `connect` is answered beside the usual where the client's command object told of Enhanced RTMP in any way: every
 * codec is forwarded, none decoded. Empty for all others, who get the answer that they know.
 */
export function enhancedCapabilities(offered: AmfObject): AmfObject {
  if (OFFERS.every((name) => offered[name] === undefined || offered[name] === null)) return {};
  return {
    fourCcList: [...Object.keys(VIDEO_FOURCCS), ...Object.keys(AUDIO_FOURCCS)],
    videoFourCcInfoMap: { [ANY]: CAN_FORWARD },
    audioFourCcInfoMap: { [ANY]: CAN_FORWARD },
    capsEx: CAPS_EX.multitrack | CAPS_EX.modEx | CAPS_EX.timestampNanoOffset,
  };
}

/** Whether a client goes to another server when it is asked to. What is no number says nothing. */
export function canReconnect({ capsEx }: AmfObject): boolean {
  return typeof capsEx === 'number' && Number.isInteger(capsEx) && (capsEx & CAN_RECONNECT) !== 0;
}
