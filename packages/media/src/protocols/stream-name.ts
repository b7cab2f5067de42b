import { DEFAULT_VHOST } from '@headwater/directory';

/** The first candidate that is a configured vhost; whatever else a client names means the default one. */
export function vhostOf(
  candidates: readonly (string | null | undefined)[],
  vhosts: readonly string[],
): string {
  for (const candidate of candidates) {
    if (candidate !== null && candidate !== undefined && vhosts.includes(candidate)) return candidate;
  }
  return DEFAULT_VHOST;
}

/** What a client tells of itself, made fit for logs and tables. */
export function cleanAgent(agent: unknown): string {
  if (typeof agent !== 'string') return '';
  return agent.slice(0, AGENT_LENGTH_MAX).replace(CONTROL_CHARACTERS, '').toWellFormed();
}

const AGENT_LENGTH_MAX = 128;
const CONTROL_CHARACTERS = /\p{Cc}/gu;
