import { signal } from '@preact/signals';

const KEY = 'headwater.token';

/** The token that requests bring; empty: none. Kept until the tab is closed. */
export const token = signal(sessionStorage.getItem(KEY) ?? '');
/** Why a token is asked for; null: it is not. */
export const asksToken = signal<string | null>(null);

/** Somebody went on without one: they are asked again where they ask for something that needs one. */
export const isTokenDeclined = signal(false);

/** A token is missing, or is none any more. `isAct`: for what somebody wants done now. */
export function askForToken(why: string, isAct: boolean): void {
  if (isAct || !isTokenDeclined.value) asksToken.value = why;
}

export function declineToken(): void {
  asksToken.value = null;
  isTokenDeclined.value = true;
}

export function takeToken(value: string): void {
  token.value = value;
  asksToken.value = null;
  isTokenDeclined.value = false;
  if (value === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
}
