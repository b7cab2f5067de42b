/**
 * Why an RTMP connection that we opened ended. `refused`: the server said no, `status` has its own code; `stuck`: it
 * takes nothing any more; `not-the-member`: who answers there is not the member that the mesh told of; `closed`: by ourselves.
 */
export type RtmpClientErrorCode =
  | 'unreachable'
  | 'not-the-member'
  | 'not-rtmp'
  | 'deadline'
  | 'refused'
  | 'protocol'
  | 'closed-by-server'
  | 'stuck'
  | 'closed';

export class RtmpClientError extends Error {
  readonly code: RtmpClientErrorCode;
  /** The server's code where it refused, such as `NetStream.Publish.BadName`. */
  readonly status: string | undefined;
  /** The server's own code for that, where it is another member. */
  readonly details: string | undefined;

  constructor(code: RtmpClientErrorCode, message: string, status?: string, details?: string) {
    super(message);
    this.name = 'RtmpClientError';
    this.code = code;
    this.status = status;
    this.details = details;
  }
}
