import { computed, signal } from '@preact/signals';
import { readPlace } from './read-place.js';

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const place = computed(() => readPlace(hash.value));
