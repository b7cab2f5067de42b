import { createServer } from 'node:net';

/** The least that a join can cost in Node: whoever asks is given the same bytes in one write. */
const [port = 0, bytes = 0] = process.argv.slice(2).map(Number);
const gop = Buffer.alloc(bytes, 1);
createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.write(gop));
}).listen(port, '127.0.0.1');
