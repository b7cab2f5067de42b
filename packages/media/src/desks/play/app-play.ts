import { appOf, type PlayMode, type StreamKey } from '@headwater/directory';
import type { MediaOptions } from '../../media-options.js';

type Rules = Pick<MediaOptions, 'play' | 'apps'>;

/** `play.mode` in force for a stream. */
export function modeOf(key: StreamKey, rules: Rules): PlayMode {
  return ofApp(key, rules, 'mode') ?? rules.play.mode;
}

/** `play.mergeMs` in force for a stream. */
export function mergeMsOf(key: StreamKey, rules: Rules): number {
  return ofApp(key, rules, 'mergeMs') ?? rules.play.mergeMs ?? MERGE_MS;
}

/** Below what an eye or a player's buffer notices, and a fraction of the cost of writing each packet. */
const MERGE_MS = 30;

/** What is set for the stream's app, else for the app's part before the first slash. */
function ofApp<K extends 'mode' | 'mergeMs'>(key: StreamKey, { apps }: Rules, option: K) {
  // Most members set nothing for an app, and each play asks.
  if (Object.keys(apps).length === 0) return undefined;
  const app = appOf(key);
  const slash = app.indexOf('/');
  const own = (name: string) => (Object.hasOwn(apps, name) ? apps[name]?.play?.[option] : undefined);
  return own(app) ?? (slash < 0 ? undefined : own(app.slice(0, slash)));
}
