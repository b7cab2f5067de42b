import { type MemberId, OwnersChange } from '@headwater/directory';
import type { BroadcastMessage, DirectMessage } from './messages.js';

/** Something that people may want to read in the log. */
export interface Fact {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the shell has to do after a step, in this order: disconnects last. */
export class Effects {
  readonly sends: { readonly to: MemberId; readonly message: DirectMessage }[] = [];
  /** Envelopes to check and open: a genuine delta comes back as `handed-on`, all else as an `offence` of `via`. */
  readonly verifications: { readonly via: MemberId; readonly signedBytes: Uint8Array }[] = [];
  readonly broadcasts: BroadcastMessage[] = [];
  /** `startedAt`: comes back with the dial's failure, so that dials to one member are not mistaken for each other. */
  readonly dials: {
    readonly peer: MemberId;
    readonly addresses: readonly string[];
    readonly startedAt: number;
  }[] = [];
  /** Seeds to visit. */
  readonly visits: string[] = [];
  /** `refuseMs`: how long new connections with it are refused; 0: not at all. */
  readonly disconnects: { readonly peer: MemberId; readonly reason: string; readonly refuseMs: number }[] =
    [];
  /** Streams whose owners, or whose owners' order, may have changed. */
  readonly changedStreams = new OwnersChange();
  /** Members that came, went, or changed their liveness or profile. */
  readonly changedMembers = new Set<MemberId>();
  /** Members of which nothing is known any more, and where they were. */
  readonly forgotten: { readonly member: MemberId; readonly addresses: readonly string[] }[] = [];
  /** Generation to be kept on disk for this member, and then told back as `generation-kept`; null: none. */
  generation: number | null = null;
  readonly facts: Fact[] = [];

  send(to: MemberId, message: DirectMessage): void {
    this.sends.push({ to, message });
  }

  changed(streams: OwnersChange): void {
    this.changedStreams.join(streams);
  }

  log(level: Fact['level'], msg: string, fields: Fact['fields']): void {
    this.facts.push({ level, msg, fields });
  }
}
