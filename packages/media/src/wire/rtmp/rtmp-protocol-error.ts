/** The peer broke the protocol or a limit; its connection is to be closed. `code` is stable, for logs and counters. */
export class RtmpProtocolError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RtmpProtocolError';
    this.code = code;
  }
}
