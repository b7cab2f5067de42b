import { isIP } from 'node:net';

export interface PageRules {
  /** `publish.origins`; `*`: all. */
  readonly origins: readonly string[];
  /** Names by which people reach this member. */
  readonly ownHosts: readonly string[];
}

/**
 * Whether a browser's page may publish here. It acts with the address and the network of whoever has it open, without being
 * asked to: so only pages that came from this member, by a name that no stranger can have made (DNS rebinding), or of
 * `publish.origins`. `origin` is absent where no browser asks.
 */
export function mayPagePublish(
  origin: string | undefined,
  host: string | undefined,
  { origins, ownHosts }: PageRules,
): boolean {
  if (origin === undefined || origins.includes('*') || origins.includes(origin)) return true;
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const here = `${page.protocol}//${host}`;
  if (!URL.canParse(here) || new URL(here).host !== page.host) return false;
  const name = page.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(name) !== 0 || name === 'localhost' || ownHosts.some((own) => own.toLowerCase() === name);
}
