import { BitReader } from './bit-reader.js';

/** What a decoder gives out, as far as the configuration tells. */
export interface AacDetails {
  readonly sampleRateHz?: number;
  readonly channels?: number;
}

/** ISO 14496-3 1.6.3.4. */
const RATES_HZ = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];
const RATE_FOLLOWS = 15;
const TYPE_FOLLOWS = 31;
/** Audio object types: HE-AAC, and its version 2 (parametric stereo). */
const SBR = 5;
const PS = 29;
/** Those with a GASpecificConfig and no layers. */
const PLAIN_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4]);
/** ISO 14496-3 1.6.2.1: by these an extension that old decoders pass over is known. */
const SBR_SYNC = 0x2b7;
const PS_SYNC = 0x548;
/** Table 1.19: what is not the number of channels itself. */
const CHANNELS: Readonly<Record<number, number | undefined>> = { 7: 8, 11: 7, 12: 8, 13: 24, 14: 8 };
const CHANNELS_BY_NUMBER_MAX = 6;

/** Reads an AudioSpecificConfig (ISO 14496-3 1.6.2.1); of one that is cut, what comes before the cut. Throws at nothing. */
export function aacDetails(config: Buffer): AacDetails {
  const found: { sampleRateHz?: number; channels?: number } = {};
  try {
    read(new BitReader(config), found);
  } catch (error) {
    // Stryker disable next-line ConditionalExpression: what else is thrown is a fault of ours.
    if (!(error instanceof RangeError)) throw error;
  }
  return found;
}

function read(bits: BitReader, found: { sampleRateHz?: number; channels?: number }): void {
  const type = objectType(bits);
  const rateHz = rate(bits);
  const setRate = (hz: number | undefined): void => {
    if (hz !== undefined && hz > 0) found.sampleRateHz = hz;
  };
  setRate(rateHz);
  const number = bits.bits(4);
  const channels = number >= 1 && number <= CHANNELS_BY_NUMBER_MAX ? number : CHANNELS[number];
  if (channels !== undefined) found.channels = channels;
  if (type === SBR || type === PS) {
    setRate(rate(bits));
    if (type === PS && channels === 1) found.channels = 2;
    return;
  }
  if (!PLAIN_TYPES.has(type)) return;
  // GASpecificConfig, 4.4.1: the frame's length, and the delay of a core coder.
  bits.bits(1);
  if (bits.isSet()) bits.bits(14);
  bits.bits(1);
  if (number === 0) found.channels = programChannels(bits);
  else if (bits.bits(11) === SBR_SYNC && objectType(bits) === SBR && bits.isSet()) {
    setRate(rate(bits));
    if (channels === 1 && bits.bits(11) === PS_SYNC && bits.isSet()) found.channels = 2;
  }
}

function objectType(bits: BitReader): number {
  const type = bits.bits(5);
  return type === TYPE_FOLLOWS ? 32 + bits.bits(6) : type;
}

function rate(bits: BitReader): number | undefined {
  const index = bits.bits(4);
  return index === RATE_FOLLOWS ? bits.bits(24) : RATES_HZ[index];
}

/** The channels of a program_config_element (4.4.1.1), which stands where the configuration names no usual layout. */
function programChannels(bits: BitReader): number {
  // Its tag, profile and rate.
  bits.bits(4 + 2 + 4);
  const elements = bits.bits(4) + bits.bits(4) + bits.bits(4);
  const lfe = bits.bits(2);
  bits.bits(3 + 4);
  // Mixdowns to one channel, to two, and by a matrix.
  for (const size of [4, 4, 3]) if (bits.isSet()) bits.bits(size);
  let channels = lfe;
  for (let i = 0; i < elements; i += 1) {
    channels += bits.isSet() ? 2 : 1;
    bits.bits(4);
  }
  return channels;
}
