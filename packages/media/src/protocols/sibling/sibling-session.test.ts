import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { SiblingPull } from '../../stream/sibling-pulls.js';
import {
  joinSiblingMessages,
  SIBLING,
  SIBLING_VERSION,
  type SiblingMessage,
  siblingBytes,
  siblingMessage,
} from '../../wire/sibling-message.js';
import { SiblingSession } from './sibling-session.js';

/** Of answers, beside what of media may wait. */
const ANSWER_BYTES_MAX = 1_048_576;
const written = (message: SiblingMessage): Buffer => joinSiblingMessages([message]);

/** What its owner hears where the socket fails so. */
function heard(code: string): (string | null)[] {
  const ends: (string | null)[] = [];
  const socket = new Socket();
  const nobody = { feed: () => ({ close() {} }) };
  const limits = { pullBytesMax: 1000, linkBytesMax: 1000 };
  new SiblingSession(socket, { get: () => undefined }, nobody, limits, (problem) => ends.push(problem));
  socket.emit('error', Object.assign(new Error(`write ${code}`), { code }));
  return ends;
}

describe('a sibling’s connection', () => {
  it('has ended in good order where the sibling hung up while something was on its way', () => {
    expect([heard('EPIPE'), heard('ECONNRESET')]).toEqual([[null], [null]]);
    expect(heard('ENOMEM')).toEqual(['write ENOMEM']);
  });

  it('leaves no pull behind where the answer to it is one too many that it has not read', () => {
    const hung = new Duplex({ read() {}, write() {} }) as unknown as Socket;
    const ended = siblingMessage(SIBLING.ended, 1, 'not-published');
    const count = Math.ceil(ANSWER_BYTES_MAX / siblingBytes(ended));
    const pulls = new Set<SiblingPull>();
    const stream = {
      hasPublisher: true,
      addSibling: (pull: SiblingPull) => void pulls.add(pull),
      removeSibling: (pull: SiblingPull) => void pulls.delete(pull),
    };
    const ends: (string | null)[] = [];
    new SiblingSession(
      hung,
      { get: (key) => (key === 'v/a/here' ? stream : undefined) },
      { feed: () => ({ close() {} }) },
      // The last answer that may wait is the last one of those before.
      { pullBytesMax: 1000, linkBytesMax: count * siblingBytes(ended) - ANSWER_BYTES_MAX },
      (problem) => ends.push(problem),
    );
    const open = (key: string, pull: number) => written(siblingMessage(SIBLING.open, pull, key));
    hung.emit('data', written(siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 1)));
    // The first one is on its way, and does not wait.
    for (let pull = 0; pull <= count; pull += 1) hung.emit('data', open('v/a/nowhere', pull));
    expect(ends).toEqual([]);
    hung.emit('data', open('v/a/here', count + 1));
    expect([ends, pulls.size]).toEqual([['it reads no answers'], 0]);
  });
});
