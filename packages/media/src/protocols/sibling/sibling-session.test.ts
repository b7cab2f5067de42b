import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { SiblingSession } from './sibling-session.js';

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
});
