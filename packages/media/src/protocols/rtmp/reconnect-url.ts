import { DEFAULT_VHOST, hostPort, type MediaAddress, portAt } from '@headwater/directory';
import type { ConnectCommand } from './connect-command.js';
import type { StreamTarget } from './stream-target.js';

/**
 * The tcUrl by which a client goes on at another member as it did here: its scheme, user, app and parameters; and the vhost,
 * which may have been the host name that is another one there. The stream's own parameters stay with its name.
 */
export function reconnectUrl(
  address: MediaAddress,
  connect: Pick<ConnectCommand, 'target' | 'user' | 'password'>,
  target: Pick<StreamTarget, 'name' | 'query'>,
  isSecure: boolean,
): string {
  const { app, query } = connect.target;
  const at = hostPort(address.host, portAt(address, 'rtmp', isSecure) ?? 0);
  // Clients tell the same parameters in app and tcUrl.
  const parts = new Set(query.split('&').filter((part) => part !== ''));
  const { vhost } = target.name;
  if (vhost !== DEFAULT_VHOST && !namesVhost(query) && !namesVhost(target.query))
    parts.add(`vhost=${encodeURIComponent(vhost)}`);
  const path = app === '' ? '' : `/${app}`;
  const parameters = parts.size === 0 ? '' : `?${[...parts].join('&')}`;
  return `${isSecure ? 'rtmps' : 'rtmp'}://${userOf(connect)}${at}${path}${parameters}`;
}

const namesVhost = (query: string): boolean => new URLSearchParams(query).has('vhost');

/** It goes back to who has told it, by the same connection. */
function userOf({ user, password }: Pick<ConnectCommand, 'user' | 'password'>): string {
  if (user === undefined) return '';
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
  return `${encodeURIComponent(user)}${secret}@`;
}
