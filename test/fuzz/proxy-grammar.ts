import type { Random } from '@headwater/testing/random';
import { awkward32 } from './awkward.js';
import type { Session } from './session.js';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const WORDS = [
  'TCP4', 'TCP6', 'UNKNOWN', 'UDP4', '', '192.0.2.7', '127.0.0.1', '::1', '2001:db8::7', '999.1.1.1', '0', '65535', '65536', '-1', '01',
  'x'.repeat(120), '\u0000', '\t',
]; // biome-ignore format: one paragraph of words
const FAMILIES = [0x11, 0x11, 0x21, 0x31, 0x00, 0x12, 0x41, 0xff];
const TLV_TYPES = [0x01, 0x02, 0x03, 0x04, 0x05, 0x20, 0x30, 0xff];

/** The same session after a PROXY header, sound or not: the member trusts whoever fuzzes it. */
export function behindProxy(random: Random, session: Session): Session {
  const header = random.chance(0.4) ? v1(random) : v2(random);
  const cut = random.chance(0.15) ? header.subarray(0, random.below(header.length)) : header;
  const [first = Buffer.alloc(0), ...more] = session.writes;
  const pieces = random.chance(0.2) ? [...cut].map((byte) => Buffer.of(byte)) : [cut];
  const writes = random.chance(0.5) ? [Buffer.concat([cut, first]), ...more] : [...pieces, first, ...more];
  return { ...session, made: `${session.made}, after a PROXY header`, writes };
}

function v1(random: Random): Buffer {
  if (random.chance(0.6)) {
    const port = random.below(65_536);
    return Buffer.from(`PROXY TCP4 192.0.2.${random.below(256)} 127.0.0.1 ${port} 1935\r\n`);
  }
  const words = Array.from({ length: random.below(8) }, () => random.oneOf(WORDS));
  return Buffer.from(`PROXY ${words.join(' ')}${random.chance(0.8) ? '\r\n' : ''}`, 'latin1');
}

function v2(random: Random): Buffer {
  const isSound = random.chance(0.6);
  const command = isSound ? random.oneOf([0x20, 0x21, 0x21, 0x21]) : random.below(256);
  const family = isSound ? 0x11 : random.oneOf(FAMILIES);
  const tlvs = Array.from({ length: random.below(4) }, () => tlv(random));
  const body = Buffer.concat([random.bytes(isSound ? 12 : random.below(40)), ...tlvs]);
  const length = isSound ? body.length : random.oneOf([body.length, awkward32(random) & 0xffff, 0xffff, 0]);
  return Buffer.concat([SIGNATURE, Buffer.of(command, family, length >> 8, length & 0xff), body]);
}

function tlv(random: Random): Buffer {
  const value = random.bytes(random.below(60));
  const length = random.chance(0.9) ? value.length : awkward32(random) & 0xffff;
  return Buffer.concat([Buffer.of(random.oneOf(TLV_TYPES), length >> 8, length & 0xff), value]);
}
