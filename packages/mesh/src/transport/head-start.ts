/** One of several. It may say anew in how many ms the next begins, counted from then, while it is the last that began. */
export type Try = (nextIn: (ms: number) => void) => Promise<boolean>;

/**
 * Tries one after the other, without waiting long for any: each has a head start over the next, which begins sooner
 * where the one before failed (the idea of RFC 8305, "Happy Eyeballs"). True as soon as one succeeds; false once all
 * failed. What is still under way then is the caller's to end.
 */
export function anySucceeds(tries: readonly Try[], headStartMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let started = 0;
    let failed = 0;
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    const end = (isSuccess: boolean): void => {
      isOver = true;
      clearTimeout(timer);
      resolve(isSuccess);
    };
    const next = (): void => {
      clearTimeout(timer);
      const one = tries[started];
      if (isOver || one === undefined) return;
      started += 1;
      const number = started;
      timer = setTimeout(next, headStartMs);
      one((ms) => {
        if (isOver || number !== started) return;
        clearTimeout(timer);
        timer = setTimeout(next, ms);
      })
        .catch(() => false)
        .then((isSuccess) => {
          if (isOver) return;
          if (isSuccess) {
            end(true);
            return;
          }
          failed += 1;
          if (failed === tries.length) end(false);
          else next();
        });
    };
    if (tries.length === 0) end(false);
    else next();
  });
}
