import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiProblem, read } from '../api/request.js';
import type { ApiEvent } from '../api/types.js';
import { news, pulses } from './live.js';
import { Reread } from './reread.js';
import { token } from './session.js';

/** Between two reads while somebody types, ms. */
const ASKED_MS = 150;

interface Answered<T> {
  readonly value: T | null;
  readonly problem: string | null;
  /** When `value` came, by this page's clock, ms; 0: never. */
  readonly heardMs: number;
  again(): void;
}

/**
 * What the API answers at this path: read again where an event says that it changed, and after so many pulses where it
 * holds what changes without events. Not while nobody looks.
 */
export function useAnswer<T>(
  path: string,
  {
    isChangedBy,
    everyPulses,
    onValue,
  }: { isChangedBy: (event: ApiEvent) => boolean; everyPulses: number; onValue?: (value: T) => void },
): Answered<T> {
  const shown = useSignal<{ value: T; heardMs: number } | null>(null);
  const problem = useSignal<string | null>(null);
  const wanted = useRef(path);
  wanted.current = path;
  const reread = useRef<Reread | null>(null);
  reread.current ??= new Reread(
    async () => {
      const asked = wanted.current;
      try {
        const value = await read<T>(asked);
        // Another page was asked for meanwhile.
        if (asked !== wanted.current) return reread.current?.soon(0, ASKED_MS);
        shown.value = { value, heardMs: Date.now() };
        problem.value = null;
        onValue?.(value);
      } catch (error) {
        problem.value = error instanceof ApiProblem ? error.message : String(error);
      }
    },
    everyPulses > 1 ? 1000 : 400,
  );
  const again = (): void => reread.current?.soon(0, ASKED_MS);
  useEffect(again, [path, token.value]);
  useEffect(() => () => reread.current?.stop(), []);

  useSignalEffect(() => {
    if (news.value.some(isChangedBy)) reread.current?.soon();
  });
  useSignalEffect(() => {
    if (pulses.value % everyPulses === 0 && document.visibilityState === 'visible') reread.current?.soon();
  });
  return {
    value: shown.value?.value ?? null,
    problem: problem.value,
    heardMs: shown.value?.heardMs ?? 0,
    again,
  };
}
