import { streamKey } from '@headwater/directory';
import type { Ask, ClientAbout, Guard, GuardedClient, Verdict } from '@headwater/guard';
import type { MediaEventListener } from '../media-event.js';

/** Of whoever floods: not told, since it would have all other events forgotten. */
export const FLOOD_REASON = 'refusals-per-address';

/** A guard whose refusals are told as events, and which publishers from pages of strangers do not even reach. */
export interface TellingGuard extends Omit<Guard, 'client'> {
  client(about: ClientAbout, isForeignPage?: boolean): GuardedClient;
}

export function tellRefusals(guard: Guard, tell: MediaEventListener): TellingGuard {
  const refused = (about: ClientAbout, { action, name }: Ask, reason: string): void =>
    tell({
      kind: action === 'publish' ? 'publish-refused' : 'play-refused',
      id: about.id,
      key: streamKey(name),
      client: about.remote,
      protocol: about.protocol,
      reason,
    });
  return {
    proveRelay: (pull) => guard.proveRelay(pull),
    checkRelay: (query, pull) => guard.checkRelay(query, pull),
    configure: (config) => guard.configure(config),
    stop: (deadlineMs) => guard.stop(deadlineMs),
    client(about, isForeignPage = false) {
      const client = guard.client(about);
      const judge = (ask: Ask): Verdict | Promise<Verdict> =>
        isForeignPage ? client.refuse(ask, 'origin-foreign') : client.judge(ask);
      return {
        lets: (action, name) => !isForeignPage && client.lets(action, name),
        refuse: (ask, reason) => client.refuse(ask, reason),
        closed: (bytes) => client.closed(bytes),
        judge(ask) {
          const told = (verdict: Verdict): Verdict => {
            if (!verdict.allowed && verdict.reason !== FLOOD_REASON) refused(about, ask, verdict.reason);
            return verdict;
          };
          const verdict = judge(ask);
          return verdict instanceof Promise ? verdict.then(told) : told(verdict);
        },
      };
    },
  };
}
