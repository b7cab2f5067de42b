import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { encode, Wire } from './wire.js';

/** A pipe that is given bytes, and keeps what is written. */
class Pipe extends Duplex {
  readonly written: Buffer[] = [];
  override _read(): void {}
  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(Buffer.from(bytes));
    done();
  }
}

async function read(bytes: readonly Buffer[]): Promise<{ messages: unknown[]; faults: Error[]; pipe: Pipe }> {
  const pipe = new Pipe();
  const messages: unknown[] = [];
  const faults: Error[] = [];
  new Wire<unknown, unknown>(
    pipe,
    pipe,
    (message) => messages.push(message),
    (error) => faults.push(error),
  );
  for (const piece of bytes) pipe.push(piece);
  await new Promise((resolve) => setImmediate(resolve));
  return { messages, faults, pipe };
}

it('messages come as they were sent, however the pipe cuts them', async () => {
  const sent = [{ a: 1, list: ['x', null] }, 'text', { key: 'ключ', __proto__: null }];
  const bytes = Buffer.concat([encode(sent.slice(0, 2)), encode([]), encode(sent.slice(2))]);
  for (const size of [1, 3, 4, 5, 17, bytes.length]) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    const { messages, faults } = await read(pieces);
    expect([messages, faults]).toEqual([sent.map((one) => (typeof one === 'string' ? one : { ...one })), []]);
  }
});

it('what is none of ours ends the pipe, and is told', async () => {
  const { faults, pipe } = await read([Buffer.alloc(8, 0xff)]);
  expect(faults).toHaveLength(1);
  expect(pipe.destroyed).toBe(true);
});

it('those of one turn go as one frame, before a frame that is sent after them', async () => {
  const pipe = new Pipe();
  const wire = new Wire<unknown, unknown>(
    pipe,
    pipe,
    () => {},
    () => {},
  );
  wire.post(1);
  wire.post(2);
  expect(pipe.written).toEqual([]);
  wire.send(encode([3]));
  wire.post(4);
  await wire.drained();
  const { messages } = await read(pipe.written);
  expect(messages).toEqual([1, 2, 3, 4]);
  expect(pipe.written.filter(({ length }) => length > 0)).toHaveLength(3);
});

it('what the other end said last is read, also where a write to it has failed', async () => {
  const [input, output] = [
    new Pipe(),
    new Duplex({ write: (_bytes, _encoding, done) => done(new Error('EPIPE')) }),
  ];
  const messages: unknown[] = [];
  const faults: Error[] = [];
  const wire = new Wire<unknown, unknown>(
    input,
    output,
    (message) => messages.push(message),
    (error) => faults.push(error),
  );
  wire.send(encode(['to nobody']));
  await new Promise((resolve) => setImmediate(resolve));
  wire.post('to nobody either');
  await wire.drained();
  input.push(encode(['last words']));
  await new Promise((resolve) => setImmediate(resolve));
  expect([messages, faults.map(({ message }) => message)]).toEqual([['last words'], ['EPIPE']]);
});
