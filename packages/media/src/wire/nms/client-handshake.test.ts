import { describe, expect, it } from 'vitest';
import { ClientHandshake } from './client-handshake.js';
import { loadNms } from './load-nms.js';

describe('what we rely on in node-media-server 4.4.3', () => {
  it('RtmpClient shakes hands over a socket that we give it, and hands on what follows', () => {
    const Nms = loadNms('protocol/rtmp_client.js') as new () => {
      socket: unknown;
      onHandshakeCallback: () => void;
      chunkRead: (bytes: Buffer, from: number, length: number) => string | null;
      resetProtocolState(): void;
      sendClientHandshake(): void;
      handleData(bytes: Buffer): void;
    };
    const nms = new Nms();
    const written: Buffer[] = [];
    const rest: Buffer[] = [];
    let shakes = 0;
    nms.resetProtocolState();
    nms.socket = { destroyed: false, write: (bytes: Buffer) => written.push(bytes) };
    nms.onHandshakeCallback = () => {
      shakes += 1;
    };
    nms.chunkRead = (bytes, from, length) => {
      rest.push(Buffer.from(bytes.subarray(from, from + length)));
      return null;
    };
    nms.sendClientHandshake();
    expect(Buffer.concat(written)).toHaveLength(1537);
    expect(written[0]?.[0]).toBe(3);
    const s1 = Buffer.alloc(1536, 9);
    nms.handleData(Buffer.concat([Buffer.of(3), s1]));
    expect(written.at(-1)).toEqual(s1);
    expect(shakes).toBe(0);
    nms.handleData(Buffer.concat([Buffer.alloc(1536), Buffer.from('first')]));
    expect(shakes).toBe(1);
    nms.handleData(Buffer.from('second'));
    expect(Buffer.concat(rest).toString()).toBe('firstsecond');
  });

  it('RtmpClient tells by onErrorCallback of a server that speaks another protocol', () => {
    const Nms = loadNms('protocol/rtmp_client.js') as new () => {
      socket: unknown;
      connected: boolean;
      onErrorCallback: (error: Error) => void;
      resetProtocolState(): void;
      sendClientHandshake(): void;
      handleData(bytes: Buffer): void;
    };
    const nms = new Nms();
    const errors: Error[] = [];
    nms.resetProtocolState();
    nms.socket = { destroyed: false, write: () => true, destroy: () => {}, end: () => {} };
    nms.onErrorCallback = (error) => errors.push(error);
    expect(nms.connected).toBe(false);
    nms.sendClientHandshake();
    nms.handleData(Buffer.from('HTTP/1.1 400 Bad Request'.padEnd(4000)));
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe('ClientHandshake', () => {
  it('answers S1 by C2, tells when it is done, and hands on the rest, wherever the bytes are cut', () => {
    for (const step of [1, 7, 1536, 1537, 5000]) {
      const sent: Buffer[] = [];
      const rest: Buffer[] = [];
      let done = 0;
      const handshake = new ClientHandshake({
        send: (bytes) => sent.push(bytes),
        done: () => {
          done += 1;
        },
        failed: (error) => {
          throw error;
        },
        rest: (bytes) => rest.push(Buffer.from(bytes)),
      });
      handshake.start();
      const s1 = Buffer.alloc(1536, 9);
      const all = Buffer.concat([Buffer.of(3), s1, Buffer.alloc(1536), Buffer.from('what follows')]);
      for (let at = 0; at < all.length; at += step) handshake.feed(all.subarray(at, at + step));
      expect(sent.map((bytes) => bytes.length)).toEqual([1537, 1536]);
      expect(sent[1]).toEqual(s1);
      expect(done).toBe(1);
      expect(Buffer.concat(rest).toString()).toBe('what follows');
    }
  });

  it('tells of a server that speaks another protocol', () => {
    const errors: Error[] = [];
    const nothing = (): void => {};
    const failed = (error: Error): void => void errors.push(error);
    const handshake = new ClientHandshake({ send: nothing, done: nothing, failed, rest: nothing });
    handshake.start();
    handshake.feed(Buffer.from('HTTP/1.1 400 Bad Request'.padEnd(4000)));
    expect(errors.length).toBeGreaterThan(0);
  });
});
