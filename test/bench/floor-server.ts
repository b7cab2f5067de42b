import { createServer, type Socket } from 'node:net';

/** The least that a server can do in Node: one shared buffer written to each player and window, and nothing else. */
const [port = 0, windowMs = 0, bytesPerSecond = 0] = process.argv.slice(2).map(Number);
const bytes = Buffer.alloc(Math.round((bytesPerSecond * windowMs) / 1000), 1);
const players = new Set<Socket>();
createServer({ noDelay: true }, (socket) => {
  players.add(socket.on('error', () => {}).on('close', () => players.delete(socket)));
}).listen(port, '127.0.0.1');
setInterval(() => {
  for (const player of players) player.write(bytes);
}, windowMs);
