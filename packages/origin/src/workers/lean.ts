import type { Claim, Delta } from '@headwater/directory';
import type { DirectoryChange, LeanClaim } from './messages.js';

/** Without what routing does not need. */
export const leanClaim = ({ key, sinceMs, silent }: Claim): LeanClaim =>
  silent === true ? { key, sinceMs, silent } : { key, sinceMs };

export function leanDelta({ entries, ...rest }: Delta): DirectoryChange {
  return {
    do: 'delta',
    ...rest,
    entries: entries.map((entry) => {
      const { version } = entry;
      if (entry.kind === 'claim') return { version, claim: leanClaim(entry.claim) };
      return entry.kind === 'release' ? { version, release: entry.key } : { version, profile: entry.profile };
    }),
  };
}

/** One for all of them, since a worker holds hundreds of thousands. */
const NO_MEDIA = {};

export const fullClaim = ({ key, sinceMs, silent }: LeanClaim): Claim =>
  silent === true ? { key, sinceMs, media: NO_MEDIA, silent } : { key, sinceMs, media: NO_MEDIA };

export function fullDelta(change: Extract<DirectoryChange, { readonly do: 'delta' }>): Delta {
  const { member, generation, from, to } = change;
  return {
    member,
    generation,
    from,
    to,
    entries: change.entries.map((entry) => {
      const { version } = entry;
      if ('claim' in entry) return { kind: 'claim', version, claim: fullClaim(entry.claim) };
      if ('release' in entry) return { kind: 'release', version, key: entry.release };
      return { kind: 'profile', version, profile: entry.profile };
    }),
  };
}
