import type { Connection } from '@libp2p/interface';
import { expect, it } from 'vitest';
import { abortConnection } from './abort-connection.js';

/** A connection whose first aborts throw. */
function connectionThat(throws: number) {
  const reasons: string[] = [];
  const abort = (error: Error): void => {
    reasons.push(error.message);
    if (reasons.length <= throws) throw new Error('Cannot write to a stream that is closed');
  };
  return { connection: { abort } as unknown as Connection, reasons };
}

it.each([
  ['once, where that goes well', 0, 1],
  ['again, past the muxer, where its goodbye fails', 1, 2],
  ['without a failure, where nothing is left to close', 2, 2],
])('aborts %s', (_, throws, times) => {
  const { connection, reasons } = connectionThat(throws);
  abortConnection(connection, 'silent');
  expect(reasons).toEqual(Array(times).fill('silent'));
});
