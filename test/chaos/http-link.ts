import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { FlvReader } from '../support/flv-reader.js';
import { guarded, type LinkEvents, type PlayLink, REDIRECTS_MAX } from './play-link.js';

/** Plays `http://…/app/stream.flv`, following redirects as browsers and ffmpeg do. */
export function playHttpFlv(url: string, events: LinkEvents): PlayLink {
  const told = guarded(events);
  let request: ClientRequest | undefined;
  const ask = (at: string, redirects: number): void => {
    told.target(Number(new URL(at).port));
    request = get(at, { agent: false }, (response) => answer(response, at, redirects));
    request.on('error', (error) => told.ended(error.message));
  };
  const answer = (response: IncomingMessage, at: string, redirects: number): void => {
    const { statusCode, headers } = response;
    if (statusCode === 302 && headers.location !== undefined && redirects < REDIRECTS_MAX) {
      response.destroy();
      const next = new URL(headers.location, at).href;
      if (!told.isOver()) ask(next, redirects + 1);
      return;
    }
    if (statusCode !== 200) {
      response.destroy();
      told.ended(`HTTP ${statusCode}${statusCode === 302 ? ', a loop' : ''}`);
      return;
    }
    const reader = new FlvReader();
    response.on('data', (bytes: Buffer) => {
      reader.push(bytes);
      for (const tag of reader.tags.splice(0)) told.tag(tag);
    });
    response.on('error', (error) => told.ended(error.message));
    response.on('close', () => told.ended('the response ended'));
  };
  ask(url, 0);
  return {
    close: () => {
      told.stop();
      request?.destroy();
    },
  };
}
