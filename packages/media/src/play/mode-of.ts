import { type PlayMode, parseStreamKey, type StreamKey } from '@headwater/directory';
import type { MediaOptions } from '../media-host.js';

/** `play.mode` in force for a stream: its app's, else that of the app's part before the first slash, else the general. */
export function modeOf(key: StreamKey, options: Pick<MediaOptions, 'play' | 'apps'>): PlayMode {
  const app = parseStreamKey(key)?.app ?? '';
  const root = app.split('/', 1)[0] ?? '';
  const own = (name: string) =>
    Object.hasOwn(options.apps, name) ? options.apps[name]?.play?.mode : undefined;
  return own(app) ?? own(root) ?? options.play.mode;
}
