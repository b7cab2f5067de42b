import type { PublishSession } from './publish-session.js';

/** A publisher as the log tells of it. */
export function aboutPublisher({ key, id, remote: client, protocol, agent }: PublishSession): object {
  return { key, id, client, protocol, agent };
}

/** The same as events tell it. */
export const eventOfPublisher = ({ id, key, remote, protocol }: PublishSession) => ({
  id,
  key,
  client: remote,
  protocol,
});
