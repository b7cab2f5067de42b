import { Writable } from 'node:stream';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { SIBLING, type SiblingMessage, SiblingParser, siblingMessage } from '../../wire/sibling-message.js';
import { SiblingWriter } from './sibling-writer.js';

/** A socket whose other end takes only when it is let. */
class Sink extends Writable {
  readonly writes: Buffer[] = [];
  #taken: (() => void)[] = [];
  isOpen = true;

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(bytes);
    if (this.isOpen) done();
    else this.#taken.push(done);
  }

  letThrough(): void {
    this.isOpen = true;
    for (const done of this.#taken.splice(0)) done();
  }

  /** What came out, as the other end reads it. */
  get messages(): SiblingMessage[] {
    const got: SiblingMessage[] = [];
    const parser = new SiblingParser(10_000_000, (message) => got.push(message));
    for (const bytes of this.writes) parser.feed(bytes);
    return got;
  }
}

let sink: Sink;
let behind: (number | 'link')[];
let writer: SiblingWriter;

beforeEach(() => {
  sink = new Sink();
  behind = [];
  writer = new SiblingWriter(
    sink,
    { pullBytesMax: 1000, linkBytesMax: 2500 },
    {
      pullIsBehind: (pull) => behind.push(pull),
      answersAreUnread: () => behind.push('link'),
      fault: (error) => {
        throw error;
      },
    },
  );
});

const frame = (pull: number, bytes = 100, id = 0) =>
  siblingMessage(SIBLING.video, pull, Buffer.alloc(bytes, id));
const pulls = () => sink.messages.map(({ pull }) => pull);

describe('SiblingWriter', () => {
  it('gathers what all pulls bring for a moment, and writes it at once', async () => {
    for (const pull of [1, 2, 3, 1]) writer.addLive(frame(pull));
    expect(sink.writes).toHaveLength(0);
    await vi.waitUntil(() => sink.writes.length > 0);
    expect(sink.writes).toHaveLength(1);
    expect(pulls()).toEqual([1, 2, 3, 1]);
  });

  it('holds on to nothing that lies beside media which has to wait', async () => {
    sink.isOpen = false;
    writer.addLive(frame(1));
    writer.flush();
    const beside = Buffer.alloc(10_000, 1);
    writer.addLive(siblingMessage(SIBLING.video, 1, beside.subarray(0, 100)));
    beside.fill(2);
    sink.letThrough();
    await vi.waitUntil(() => sink.messages.length === 2);
    expect(sink.messages[1]?.body).toEqual(Buffer.alloc(100, 1));
  });

  it('writes at once what somebody waits for, in order', () => {
    writer.addLive(frame(1));
    writer.addPast(frame(2));
    writer.addAnswer(siblingMessage(SIBLING.ended, 2, 'x'));
    writer.flush();
    expect(pulls()).toEqual([1, 2, 2]);
  });

  it('passes on large bodies as they are', () => {
    const large = frame(1, 100_000, 7);
    for (const message of [frame(2), large]) writer.addPast(message);
    writer.addPast(frame(3, 300_000));
    writer.flush();
    expect(sink.writes.includes(large.body)).toBe(false);
    expect(sink.messages.map(({ body }) => body.length)).toEqual([100, 100_000, 300_000]);
    writer.addPast(large);
    writer.flush();
    expect(sink.writes.at(-1)).toBe(large.body);
  });

  it('tells which pull is behind while the kernel has no room, and goes on with the others', async () => {
    sink.isOpen = false;
    writer.addLive(frame(9));
    writer.flush();
    for (let count = 0; count < 8; count += 1) writer.addLive(frame(1));
    expect(behind).toEqual([]);
    writer.addLive(frame(2));
    writer.addLive(frame(1));
    expect(behind).toEqual([1]);
    writer.forget(1);
    for (let count = 0; count < 3; count += 1) writer.addLive(frame(2));
    expect(behind).toEqual([1]);
    sink.letThrough();
    await vi.waitUntil(() => pulls().length === 5);
    expect(pulls()).toEqual([9, 2, 2, 2, 2]);
  });

  it('counts each pull and all together, what went out no more, and the past never', async () => {
    for (let round = 0; round < 5; round += 1) {
      for (let count = 0; count < 8; count += 1) writer.addLive(frame(1));
      writer.flush();
    }
    for (let count = 0; count < 100; count += 1) writer.addPast(frame(1, 1000));
    writer.flush();
    expect(behind).toEqual([]);
    sink.isOpen = false;
    writer.addLive(frame(9));
    writer.flush();
    for (const pull of [1, 2, 3, 4]) for (let count = 0; count < 5; count += 1) writer.addLive(frame(pull));
    expect(behind).toEqual([]);
    for (let count = 0; count < 2; count += 1) writer.addLive(frame(5));
    expect(behind).toEqual([5]);
  });

  it('tells of a sibling that asks and reads no answers', () => {
    sink.isOpen = false;
    for (let count = 0; count < 50_000 && behind.length === 0; count += 1)
      writer.addAnswer(siblingMessage(SIBLING.ended, count, 'not-published'));
    expect(behind).toEqual(['link']);
  });

  it('is stuck where the other end takes nothing though something waits', async () => {
    const nowMs = performance.now();
    expect(writer.isStuck(nowMs + 1e6, 10)).toBe(false);
    sink.isOpen = false;
    writer.addLive(frame(1));
    writer.flush();
    expect(writer.isStuck(nowMs, 1e6)).toBe(false);
    expect(writer.isStuck(nowMs + 1e7, 1e6)).toBe(true);
    sink.letThrough();
    await vi.waitUntil(() => !writer.isStuck(nowMs + 1e7, 1e6));
  });

  it('writes nothing once closed', async () => {
    writer.addLive(frame(1));
    writer.close();
    writer.addLive(frame(1));
    writer.addPast(frame(1));
    writer.flush();
    await new Promise(setImmediate);
    expect(sink.writes).toHaveLength(0);
  });
});
