import { streamKey } from '@headwater/directory';
import type { Ask, ClientAbout, Guard, Verdict } from '@headwater/guard';
import type { MediaEventListener } from '../media-event.js';
import type { MediaTally } from './media-tally.js';

/** The same guard; what it decides is counted, and refusals are told. */
export function toldGuard(guard: Guard, tally: MediaTally, tell: MediaEventListener): Guard {
  return {
    client(about) {
      const client = guard.client(about);
      return {
        judge(ask) {
          const verdict = client.judge(ask);
          if (!(verdict instanceof Promise)) return note(about, ask, verdict);
          return verdict.then((later) => note(about, ask, later));
        },
        closed: (bytes) => client.closed(bytes),
      };
    },
    proveRelay: (pull) => guard.proveRelay(pull),
    checkRelay: (query, pull) => guard.checkRelay(query, pull),
    configure: (config) => guard.configure(config),
    stop: (deadlineMs) => guard.stop(deadlineMs),
  };

  function note({ id, remote, protocol }: ClientAbout, { action, name }: Ask, verdict: Verdict): Verdict {
    tally.add('verdicts', `${action} ${verdict.allowed ? 'allowed' : 'refused'}`);
    if (verdict.allowed) return verdict;
    const { reason } = verdict;
    // Whoever floods would have all other events forgotten.
    if (reason === 'refusals-per-address') tally.add('refusals', `${action} ${reason}`);
    else {
      const kind = action === 'play' ? 'play-refused' : 'publish-refused';
      tell({ kind, id, key: streamKey(name), client: remote, protocol, reason });
    }
    return verdict;
  }
}
