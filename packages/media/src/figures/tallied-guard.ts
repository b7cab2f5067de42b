import type { Ask, Guard, Verdict } from '@headwater/guard';
import { FLOOD_REASON } from '../desks/tell-refusals.js';
import type { MediaTally } from './media-tally.js';

/** Made once: each play and publish waits for its verdict. */
const LABELS = {
  publish: { allowed: 'publish allowed', refused: 'publish refused' },
  play: { allowed: 'play allowed', refused: 'play refused' },
} as const;

/** The same guard; what it decides is counted. Refusals are counted by their events, but for those that are not told. */
export function talliedGuard(guard: Guard, tally: MediaTally): Guard {
  return {
    client(about) {
      const client = guard.client(about);
      return {
        lets(action, name) {
          const lets = client.lets(action, name);
          if (lets) tally.add('verdicts', LABELS[action].allowed);
          return lets;
        },
        refuse: (ask, reason) => client.refuse(ask, reason),
        judge(ask) {
          const verdict = client.judge(ask);
          if (!(verdict instanceof Promise)) return note(ask, verdict);
          return verdict.then((later) => note(ask, later));
        },
        closed: (bytes) => client.closed(bytes),
      };
    },
    proveRelay: (pull) => guard.proveRelay(pull),
    checkRelay: (query, pull) => guard.checkRelay(query, pull),
    configure: (config) => guard.configure(config),
    stop: (deadlineMs) => guard.stop(deadlineMs),
  };

  function note({ action }: Ask, verdict: Verdict): Verdict {
    tally.add('verdicts', LABELS[action][verdict.allowed ? 'allowed' : 'refused']);
    if (!verdict.allowed && verdict.reason === FLOOD_REASON)
      tally.add('refusals', `${action} ${FLOOD_REASON}`);
    return verdict;
  }
}
