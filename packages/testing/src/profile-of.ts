interface Address {
  readonly network: string;
  readonly host: string;
  readonly rtmpPort: number;
  readonly httpPort: number;
  readonly rtmpsPort?: number;
  readonly httpsPort?: number;
}

/** A member's profile, as the directory's `MemberProfile` has it; the directory's own tests use it, so it is not imported. */
interface Profile {
  readonly name: string;
  readonly role: 'origin' | 'edge';
  readonly addresses: readonly Address[];
  readonly relayAddress: Address;
  readonly draining: boolean;
  readonly program: string;
  readonly apiAddress?: string;
  readonly zone?: string;
  readonly loadLevel?: number;
  readonly full?: boolean;
}

/** A profile as tests need it: everything by the member's name. */
export function profileOf(name: string, more: Partial<Profile> = {}): Profile {
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
