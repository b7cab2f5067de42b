import { WebSocket } from 'ws';
import { FlvReader } from '../support/flv-reader.js';
import { guarded, type LinkEvents, type PlayLink } from './play-link.js';

/** Plays `ws://…/app/stream.flv`. */
export function playWebSocketFlv(url: string, events: LinkEvents): PlayLink {
  const told = guarded(events);
  told.target(Number(new URL(url).port));
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const reader = new FlvReader();
  socket.on('message', (data: Buffer) => {
    reader.push(data);
    for (const tag of reader.tags.splice(0)) told.tag(tag);
  });
  socket.on('unexpected-response', (_request, { statusCode }) => {
    told.ended(`HTTP ${statusCode}`);
    socket.terminate();
  });
  socket.on('error', (error) => told.ended(error.message));
  socket.on('close', (code, reason) => told.ended(`closed ${code} ${reason}`));
  return {
    close: () => {
      told.stop();
      socket.terminate();
    },
  };
}
