import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../wire/frame.js';
import { encodeAmf0 } from '../../wire/rtmp/amf0.js';
import { type InMessage, MESSAGE_TYPE } from '../../wire/rtmp/message.js';
import { ACK_WINDOW_BYTES_MIN, COMMAND_BYTES_MAX, type RtmpCommand, RtmpPeer } from './rtmp-peer.js';

function made() {
  const sent: InMessage[] = [];
  const commands: RtmpCommand[] = [];
  const frames: [kind: Frame['kind'], streamId: number, text: string][] = [];
  const reader = new ChunkReader();
  const peer = new RtmpPeer({
    send: (bytes) => sent.push(...reader.read(bytes)),
    onCommand: (command) => commands.push(command),
    onFrame: ({ kind, payload }, streamId) => frames.push([kind, streamId, payload.toString('latin1')]),
  });
  const take = (type: number, payload: Buffer, streamId = 0) =>
    peer.take({ type, timestampMs: 0, streamId, payload });
  return { peer, sent, commands, frames, take };
}

function uint32(value: number, more = 0): Buffer {
  const bytes = Buffer.alloc(4 + more);
  bytes.writeUInt32BE(value);
  return bytes;
}

const acknowledged = (sent: readonly InMessage[]) =>
  sent
    .filter(({ type }) => type === MESSAGE_TYPE.acknowledgement)
    .map(({ payload }) => payload.readUInt32BE());

describe('RtmpPeer', () => {
  it.each([0, 1, ACK_WINDOW_BYTES_MIN - 1, ACK_WINDOW_BYTES_MIN])(
    'acknowledges no more often than each %d bytes, at least the lower bound',
    (window) => {
      const { peer, sent, take } = made();
      take(MESSAGE_TYPE.windowAckSize, uint32(window));
      for (let i = 0; i < 4 * ACK_WINDOW_BYTES_MIN; i += 256) peer.read(Buffer.alloc(256), () => {});
      expect(acknowledged(sent)).toEqual([1, 2, 3, 4].map((count) => count * ACK_WINDOW_BYTES_MIN));
    },
  );

  it('answers a peer bandwidth by a window no smaller than the lower bound, once', () => {
    const { sent, take } = made();
    for (const bytes of [2_500_000, 1, 0, 5_000_000]) take(MESSAGE_TYPE.setPeerBandwidth, uint32(bytes, 1));
    expect(sent.map(({ type, payload }) => [type, payload.readUInt32BE()])).toEqual([
      [MESSAGE_TYPE.windowAckSize, ACK_WINDOW_BYTES_MIN],
      [MESSAGE_TYPE.windowAckSize, 5_000_000],
    ]);
  });

  it('lets control messages pass that end early', () => {
    const { sent, take } = made();
    for (const type of Object.values(MESSAGE_TYPE).filter((each) => each < MESSAGE_TYPE.audio)) {
      for (let length = 0; length < 4; length += 1) take(type, Buffer.alloc(length));
    }
    expect(sent).toEqual([]);
  });

  it('takes AMF3 messages and aggregates apart, with the stream that they came on', () => {
    const { commands, frames, take } = made();
    const command = encodeAmf0('play', 4, null, 's');
    take(MESSAGE_TYPE.command, command, 3);
    take(MESSAGE_TYPE.commandAmf3, Buffer.concat([Buffer.of(0), command]), 3);
    const expected = { name: 'play', transactionId: 4, values: [null, 's'], streamId: 3 };
    // Some leave out the byte of format.
    take(MESSAGE_TYPE.commandAmf3, command, 3);
    expect(commands).toEqual([expected, expected, expected]);
    take(MESSAGE_TYPE.dataAmf3, Buffer.from('\0data'), 5);
    const tag = Buffer.from('\x08\0\0\x05\0\0\0\0\0\0\0sound\0\0\0\x10', 'latin1');
    const nested = Buffer.concat([Buffer.from('\x16\0\0\x14\0\0\0\0\0\0\0', 'latin1'), tag, uint32(31)]);
    take(MESSAGE_TYPE.aggregate, Buffer.concat([tag, nested, tag]), 6);
    expect(frames).toEqual([
      ['data', 5, 'data'],
      ['audio', 6, 'sound'],
      ['audio', 6, 'sound'],
    ]);
  });

  it('refuses commands that are too long, and ones without a name', () => {
    const { take } = made();
    const long = () => take(MESSAGE_TYPE.command, Buffer.alloc(COMMAND_BYTES_MAX + 1));
    expect(long).toThrow(expect.objectContaining({ code: 'command-too-large' }));
    const nameless = () => take(MESSAGE_TYPE.command, encodeAmf0(5));
    expect(nameless).toThrow(expect.objectContaining({ code: 'command-invalid' }));
  });

  it('takes and answers nothing once closed, also within a read', () => {
    const { peer, sent, frames, take } = made();
    take(MESSAGE_TYPE.windowAckSize, uint32(0));
    peer.read(Buffer.alloc(5000), () => {
      peer.close();
      take(MESSAGE_TYPE.audio, Buffer.from('late'), 1);
    });
    expect([sent, frames, peer.bytesIn]).toEqual([[], [], 5000]);
    peer.read(Buffer.alloc(1), () => expect.unreachable());
  });
});
