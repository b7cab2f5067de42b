/** What a client does to one port of the member, wholly decided before it begins. */
export interface Session {
  readonly port: 'rtmp' | 'http';
  /** In a word: where it came from and what was done to it. */
  readonly made: string;
  /** Written one after the other, each in a packet of its own where the kernel allows it. */
  readonly writes: readonly Buffer[];
  /**
   * How it ends: `finish` says that nothing more comes, and waits for the member; `reset` cuts at once; `stay` waits
   * for a while, reading, and then cuts; `deaf` the same, without reading.
   */
  readonly end: 'finish' | 'reset' | 'stay' | 'deaf';
}

/** The stream that recorded sessions name; each session made of them names its own, of the same length. */
export const RECORDED_STREAM = 'fuzz0000';
