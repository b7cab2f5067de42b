import { Writable } from 'node:stream';
import type { MultiaddrConnection } from '@libp2p/interface';
import { describe, expect, it } from 'vitest';
import { joinWrites } from './joined-writes.js';

/** A socket that keeps what each system call would have written. */
class CountedSocket extends Writable {
  readonly calls: string[] = [];
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.calls.push(chunk.toString());
    done();
  }
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.calls.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString());
    done();
  }
}

function connectionOn(socket: CountedSocket) {
  const connection = {
    socket,
    sendData: (data: string) => socket.write(data),
    sendReset: () => socket.destroy(),
  };
  joinWrites(connection as unknown as MultiaddrConnection);
  return connection;
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('joined writes', () => {
  it('make one write of all that is sent in one turn, in order, and none of the next turn', async () => {
    const socket = new CountedSocket();
    const connection = connectionOn(socket);
    for (const part of ['2', 'ab', '3', 'cde']) connection.sendData(part);
    await nextTurn();
    for (const part of ['4', 'fghi']) connection.sendData(part);
    await nextTurn();
    expect(socket.calls).toEqual(['2ab3cde', '4fghi']);
  });

  it('lose nothing of what was sent right before the end', async () => {
    const socket = new CountedSocket();
    const connection = connectionOn(socket);
    connection.sendData('last');
    connection.sendData(' words');
    socket.end();
    await nextTurn();
    expect(socket.calls).toEqual(['last words']);
    expect(socket.writableFinished).toBe(true);
  });

  it('lose nothing of what was sent right before a reset', async () => {
    const socket = new CountedSocket();
    const connection = connectionOn(socket);
    connection.sendData('last');
    connection.sendData(' words');
    connection.sendReset();
    await nextTurn();
    expect(socket.calls).toEqual(['last words']);
    expect(socket.destroyed).toBe(true);
  });

  it('leave to others what they hold back, also at a reset', () => {
    const socket = new CountedSocket();
    const connection = connectionOn(socket);
    socket.cork();
    socket.write('held');
    connection.sendReset();
    expect(socket.calls).toEqual([]);
  });

  it.each([
    ['sends no data', { sendData: undefined }],
    ['sends no reset', { sendReset: undefined }],
    ['has no socket', { socket: undefined }],
    ['has a socket that holds nothing back', { socket: {} }],
  ])('refuse a connection that %s as this one expects', (_, less) => {
    const connection = { socket: new CountedSocket(), sendData: () => {}, sendReset: () => {}, ...less };
    expect(() => joinWrites(connection as unknown as MultiaddrConnection)).toThrow(
      'this version of libp2p sends data in another way',
    );
  });
});
