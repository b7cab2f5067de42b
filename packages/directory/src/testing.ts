import type { Claim } from './claim.js';
import type { MemberProfile } from './member.js';

/** A profile as tests need it: everything by the member's name. */
export function profileOf(name: string, more: Partial<MemberProfile> = {}): MemberProfile {
  const address = { network: 'inside', host: name, rtmpPort: 1935, httpPort: 8080 };
  return {
    name,
    role: 'origin',
    addresses: [address],
    relayAddress: address,
    draining: false,
    program: 'test',
    ...more,
  };
}

export function claimOf(stream: string, sinceMs = 1, silent = false): Claim {
  return { key: `__defaultVhost__/live/${stream}`, sinceMs, media: {}, ...(silent && { silent }) };
}
