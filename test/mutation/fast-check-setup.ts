import fc from 'fast-check';

/** The same draws each time, so the same score; and no search for a smaller example of a change that was noticed. */
fc.configureGlobal({ seed: 1, endOnFailure: true });
