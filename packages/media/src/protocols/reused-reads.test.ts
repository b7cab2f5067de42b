import { connect, createServer, type Server, type Socket } from 'node:net';
import { until } from '@headwater/testing/until';
import { afterEach, describe, expect, it } from 'vitest';
import { reusedReads, reuseReads } from './reused-reads.js';

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket);
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function connected(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  return socket;
}

/** What came, and the memory that each read was in. */
class Reads {
  text = '';
  readonly memory = new Set<ArrayBufferLike>();
  readonly take = (bytes: Buffer): void => {
    this.text += bytes.toString('latin1');
    this.memory.add(bytes.buffer);
  };
}

describe('reused reads', () => {
  it('give accepted sockets all that comes, in one and the same memory', async () => {
    const reads = [new Reads(), new Reads()];
    let accepted = 0;
    const port = await listening((socket) => {
      reuseReads(socket, reads[accepted]?.take ?? (() => {}));
      accepted += 1;
    });
    const clients = [connected(port), connected(port)];
    for (const word of ['one ', 'two ', 'three']) {
      for (const client of clients) client.write(word);
      await until(() => reads.every(({ text }) => text.endsWith(word)), 'the bytes, or the event');
    }
    expect(reads.map(({ text }) => text)).toEqual(['one two three', 'one two three']);
    expect(new Set(reads.flatMap(({ memory }) => [...memory])).size).toBe(1);
  });

  it('give connecting sockets the same, and the end of the connection', async () => {
    const reads = new Reads();
    const port = await listening((socket) => socket.end('all of it'));
    const events: string[] = [];
    const socket = connect({ host: '127.0.0.1', port, onread: reusedReads(reads.take) });
    sockets.push(socket);
    for (const event of ['end', 'close']) socket.on(event, () => events.push(event));
    await until(() => events.includes('close'), 'the bytes, or the event');
    expect([reads.text, events]).toEqual(['all of it', ['end', 'close']]);
    expect(reads.memory.size).toBe(1);
  });

  it('tell the end of an accepted connection as ever', async () => {
    const events: string[] = [];
    const port = await listening((socket) => {
      reuseReads(socket, () => {});
      for (const event of ['end', 'close']) socket.on(event, () => events.push(event));
    });
    connected(port).end('bye');
    await until(() => events.includes('close'), 'the bytes, or the event');
    expect(events).toEqual(['end', 'close']);
  });

  it('give first what somebody read before and put back', async () => {
    const reads = new Reads();
    const port = await listening((socket) => {
      socket.once('data', (bytes: Buffer) => {
        socket.pause();
        socket.unshift(bytes.subarray('PROXY '.length));
        reuseReads(socket, reads.take);
        socket.resume();
      });
    });
    const client = connected(port);
    client.write('PROXY first');
    await until(() => reads.text === 'first', 'the bytes, or the event');
    client.write(', second');
    await until(() => reads.text.endsWith('second'), 'the bytes, or the event');
    expect(reads.text).toBe('first, second');
  });

  it('stop while the socket is paused', async () => {
    const reads = new Reads();
    let accepted: Socket | null = null;
    const port = await listening((socket) => {
      accepted = socket;
      reuseReads(socket, (bytes) => {
        reads.take(bytes);
        if (reads.text.endsWith('.')) socket.pause();
      });
    });
    const client = connected(port);
    client.write('stop here.');
    await until(() => accepted?.isPaused() === true, 'the bytes, or the event');
    client.write('more');
    // Another connection's bytes come after that.
    const other = connected(port);
    await until(() => accepted !== null && sockets.length === 4, 'the bytes, or the event');
    expect(reads.text).toBe('stop here.');
    other.destroy();
    sockets[1]?.resume();
    await until(() => reads.text === 'stop here.more', 'the bytes, or the event');
  });
});
