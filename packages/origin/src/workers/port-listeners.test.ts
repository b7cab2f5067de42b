import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { PortListeners } from './port-listeners.js';

const OFF = { host: '', port: null };
const LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
/** Keeps the connections that are handed to it. */
const WORKER = `const has = []; process.on('message', (_, socket) => { has.push(socket); process.send(''); });`;

it('a port that is closed and opened again leaves nothing at the process that has its connections', async () => {
  const worker = spawn(process.execPath, ['-e', WORKER], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  onTestFinished(() => void worker.kill());
  const listeners = new PortListeners({
    at: { rtmp: { host: '127.0.0.1', port: 0 }, rtmps: OFF, http: OFF, https: OFF },
    log: LOG,
    onConnection: (_, socket) => worker.send('', socket, { keepOpen: true }),
  });
  onTestFinished(() => listeners.close());
  await listeners.open();
  const client = connect(listeners.ports.rtmp, '127.0.0.1');
  onTestFinished(() => void client.destroy());
  await once(worker, 'message');
  const before = worker.eventNames().map((name) => [name, worker.listenerCount(name)]);
  for (let times = 0; times < 3; times += 1) {
    listeners.pauseRtmp();
    await listeners.resumeRtmp();
  }
  expect(worker.eventNames().map((name) => [name, worker.listenerCount(name)])).toEqual(before);
});
