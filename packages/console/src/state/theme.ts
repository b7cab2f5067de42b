import { effect, signal } from '@preact/signals';

const THEMES = ['system', 'dark', 'light'] as const;
type Theme = (typeof THEMES)[number];
const KEY = 'headwater.theme';

export const theme = signal<Theme>(THEMES.find((one) => one === localStorage.getItem(KEY)) ?? 'system');

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem(KEY, theme.value);
});

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system';
}
