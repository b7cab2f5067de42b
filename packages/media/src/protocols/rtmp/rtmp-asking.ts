import type { StreamKey } from '@headwater/directory';

/** A publish or play that the guard has not decided yet: it holds its place on the connection, and takes nothing. */
export class RtmpAsking {
  /** As the client named it. */
  readonly key: StreamKey;

  constructor(key: StreamKey) {
    this.key = key;
  }

  /** Whoever waits for the guard's answer has its `Admission` ended. */
  close(): void {}
}
