import { signal } from '@preact/signals';

/** Unix ms, anew each second. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 1000);
