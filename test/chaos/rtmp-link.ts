import type { AmfValue } from '@headwater/testing/amf0';
import { RtmpClient, type RtmpKind } from '../support/rtmp-client.js';
import { Scope } from '../support/scope.js';
import { guarded, type LinkEvents, type PlayLink, REDIRECTS_MAX } from './play-link.js';

type Guarded = ReturnType<typeof guarded>;

/** Plays `rtmp://127.0.0.1:PORT/app/stream`; an SRS edge follows the server's 302, as others do not. */
export function playRtmp(url: string, kind: RtmpKind, events: LinkEvents): PlayLink {
  const told = guarded(events);
  const scope = new Scope();
  const { port, pathname } = new URL(url.replace(/^rtmp:/, 'http:'));
  const [, app = '', stream = ''] = pathname.split('/');
  const to = { tcUrl: `rtmp://127.0.0.1:${port}/${app}`, stream };
  open(scope, to, kind, told, 0).catch((error: unknown) => told.ended(firstLine(error)));
  return {
    close: () => {
      told.stop();
      void scope.close();
    },
  };
}

async function open(
  scope: Scope,
  to: { readonly tcUrl: string; readonly stream: string },
  kind: RtmpKind,
  told: Guarded,
  redirects: number,
): Promise<void> {
  if (told.isOver()) return;
  const port = Number(new URL(to.tcUrl.replace(/^rtmp:/, 'http:')).port);
  told.target(port);
  const client = await RtmpClient.open(scope, port);
  if (!told.isOver()) await client.connect(to.tcUrl, kind);
  // It may have left while it connected: its scope was closed without this client.
  if (told.isOver()) {
    client.socket.destroy();
    return;
  }
  let isRedirected = false;
  let status = '';
  const look = (): void => {
    if (isRedirected) return;
    for (const { type, timestampMs, payload } of client.messages) {
      if (type === 8 || type === 9 || type === 18) told.tag({ type, timestampMs, body: payload });
    }
    const tcUrl = kind === 'srs-edge' ? redirectOf(client.commands) : undefined;
    status = String(client.statuses.at(-1) ?? status);
    client.messages.length = 0;
    if (tcUrl === undefined) return;
    isRedirected = true;
    client.socket.destroy();
    if (redirects >= REDIRECTS_MAX) told.ended('redirected in a loop');
    else
      open(scope, { ...to, tcUrl }, kind, told, redirects + 1).catch((error: unknown) =>
        told.ended(firstLine(error)),
      );
  };
  // Added behind the client's own listener, so it sees what that has read.
  client.socket.on('data', look);
  client.socket.once('close', () => {
    if (!isRedirected) told.ended(`closed after ${status}`);
  });
  client.play(to.stream);
}

/** Where SRS's RTMP 302 leads: an error status with `ex.redirect`, the new tcUrl. */
function redirectOf(commands: readonly (readonly AmfValue[])[]): string | undefined {
  for (const [name, , , info] of commands) {
    const { ex } = (name === 'onStatus' ? info : {}) as { ex?: { redirect?: AmfValue } };
    if (typeof ex?.redirect === 'string') return ex.redirect;
  }
  return undefined;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
