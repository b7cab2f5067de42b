import { signal } from '@preact/signals';

const KEY = 'headwater.token';

/** The token that requests bring; empty: none. Kept until the tab is closed. */
export const token = signal(sessionStorage.getItem(KEY) ?? '');
/** Why a token is asked for; null: it is not. */
export const asksToken = signal<string | null>(null);

export function takeToken(value: string): void {
  token.value = value;
  asksToken.value = null;
  if (value === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
}
