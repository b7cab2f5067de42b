import type { PublishRefusal } from './publish-session.js';

/** Why a publisher is refused, as a sentence for people that says what to do. The codes are stable. */
export const REFUSALS: Readonly<Record<PublishRefusal, string>> = {
  'already-published':
    'somebody publishes this stream on this origin already; stop that one or use another name',
  'owned-elsewhere':
    'somebody publishes this stream on another origin, and publish.policy lets only one; stop that one or use another name',
  contended:
    'somebody publishes this stream, and it changed hands too often lately: encoders that reconnect by themselves take it from each other; stop one of them, or try again when nobody has for a minute',
  'not-an-origin': 'this member is an edge and takes no publishers; publish to an origin',
  'identity-disputed':
    'another process runs with the identity of this origin, so nobody could see the stream; publish to another one',
  'publish-rate':
    'this address has published too often within a minute (limits.publishesPerAddressPerMinute; behind a balancer or NAT all publishers share one); wait some seconds, or publish to another origin',
  'no-origin':
    'no origin takes the stream at the moment: none is reached that has room and is not draining; try again in some seconds, or publish to an origin',
  'origin-refused': 'the origin that the stream was to be forwarded to refused it',
  stopping: 'this origin is stopping; publish to another one',
};

export const isPublishRefusal = (code: string | undefined): code is PublishRefusal =>
  code !== undefined && Object.hasOwn(REFUSALS, code);
