import type { PlayProtocol } from '@headwater/directory';

/** Kinds of players that people name, and what routing knows of each. */
export const ASKING_CLIENTS = {
  ffmpeg: { protocol: 'rtmp', followsRedirect: false, said: 'ffmpeg, OBS, VLC or another RTMP player' },
  'srs-edge': { protocol: 'rtmp', followsRedirect: true, said: 'an SRS edge' },
  flv: { protocol: 'http-flv', followsRedirect: true, said: 'an HTTP-FLV player' },
  browser: { protocol: 'ws-flv', followsRedirect: false, said: 'a player in a browser, by WebSocket-FLV' },
} as const satisfies Record<
  string,
  { readonly protocol: PlayProtocol; readonly followsRedirect: boolean; readonly said: string }
>;

export type AskingClient = keyof typeof ASKING_CLIENTS;

export const ASKING_CLIENT_NAMES = Object.keys(ASKING_CLIENTS) as [AskingClient, ...AskingClient[]];
