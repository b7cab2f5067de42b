/** What hooks are asked (connect, publish, play, update) or told (the others), by SRS's names without `on_`. */
export const HOOK_EVENTS = ['connect', 'close', 'publish', 'unpublish', 'play', 'stop', 'update'] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];
