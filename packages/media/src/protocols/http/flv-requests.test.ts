import { connect } from 'node:net';
import { until } from '@headwater/testing/until';
import { afterEach, expect, it } from 'vitest';
import { startMember, type TestMember } from '../../testing/test-member.js';

let member: TestMember;
afterEach(() => member.stop());

it('who offered another protocol and stays after its answer has no place any more', async () => {
  member = await startMember();
  const socket = connect({ port: member.httpPort, host: '127.0.0.1', allowHalfOpen: true }, () =>
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
  );
  let answer = '';
  let hasEnded = false;
  socket.on('error', () => {});
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('end', () => {
    hasEnded = true;
  });
  await until(() => hasEnded, 'the end of the answer');
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  await until(() => member.media.connections === 0, 'the place to be free');
  socket.destroy();
});
