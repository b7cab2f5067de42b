import { ChunkReader } from '@headwater/testing/rtmp-chunks';
import { describe, expect, it } from 'vitest';
import { amfObject, decodeAmf0 } from '../../wire/rtmp/amf0.js';
import * as answers from './answers.js';

/** The payload of a redirect as SRS 6.0.157 sent it. */
const RECORDED_302 = [
  '0200086f6e537461747573000000000000000000050300056c6576656c0200056572726f720004636f646502001e4e6574436f6e6e656374696f6e',
  '2e436f6e6e6563742e52656a6563746564000b6465736372697074696f6e02001152544d502033303220526564697265637400026578030004636f',
  '6465004072e000000000000008726564697265637402001b72746d703a2f2f3132372e302e302e313a31393335322f6c6976650009726564697265',
  '63743202001e72746d703a2f2f3132372e302e302e313a31393335322f6c6976652f7331000009000009',
].join('');

describe('redirect302', () => {
  it('is what SRS sends, byte by byte', () => {
    const reader = new ChunkReader();
    reader.read(answers.setChunkSize());
    const [message] = reader.read(
      answers.redirect302('rtmp://127.0.0.1:19352/live', 'rtmp://127.0.0.1:19352/live/s1'),
    );
    expect(message).toMatchObject({ chunkStream: 5, type: 20, streamId: 0, timestampMs: 0 });
    expect(message?.payload.toString('hex')).toBe(RECORDED_302);
  });
});

describe('the answers to connect and play', () => {
  it('come on the channels that SRS uses', () => {
    const reader = new ChunkReader();
    const messages = reader.read(
      Buffer.concat([
        answers.windowAckSize(),
        answers.setPeerBandwidth(),
        answers.setChunkSize(),
        answers.connectResult(1, 0, 'a'),
        answers.onBwDone(),
        answers.result(2, 1),
        answers.streamBegin(1),
        answers.onStatus(1, 'status', 'NetStream.Play.Start', 'x'),
        answers.sampleAccess(1),
      ]),
    );
    const seen = messages.map(({ chunkStream, type, streamId }) => [chunkStream, type, streamId]);
    expect(seen).toEqual([
      [2, 5, 0],
      [2, 6, 0],
      [2, 1, 0],
      [3, 20, 0],
      [3, 20, 0],
      [3, 20, 0],
      [2, 4, 0],
      [5, 20, 1],
      [5, 18, 1],
    ]);
    expect(messages[0]?.payload.toString('hex')).toBe('002625a0');
    expect(messages[1]?.payload.toString('hex')).toBe('002625a002');
    expect(messages[2]?.payload.toString('hex')).toBe('0000ea60');
    expect(messages[6]?.payload.toString('hex')).toBe('000000000001');
    expect(decodeAmf0(messages[8]?.payload ?? Buffer.alloc(0))).toEqual(['|RtmpSampleAccess', true, true]);
    expect(decodeAmf0(messages[5]?.payload ?? Buffer.alloc(0))).toEqual(['_result', 2, null, 1]);
  });

  it('tell who we are in an ECMA array', () => {
    const bytes = Buffer.concat([answers.setChunkSize(), answers.connectResult(1, 0, 'member-a')]);
    const [, message] = new ChunkReader().read(bytes);
    const payload = message?.payload ?? Buffer.alloc(0);
    const info = amfObject(decodeAmf0(payload)[3]);
    expect(info).toMatchObject({ code: 'NetConnection.Connect.Success', objectEncoding: 0 });
    expect(amfObject(info?.data)).toMatchObject({ server: 'headwater', member: 'member-a' });
    expect(payload.includes(Buffer.from('0004' + '64617461' + '08' + '00000003', 'hex'))).toBe(true);
  });
});
