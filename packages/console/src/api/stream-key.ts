const DEFAULT_VHOST = '__defaultVhost__';

/** `vhost/app/stream`, whose app may hold slashes. */
export function partsOf(key: string): {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
} {
  const [first, last] = [key.indexOf('/'), key.lastIndexOf('/')];
  return { vhost: key.slice(0, first), app: key.slice(first + 1, last), stream: key.slice(last + 1) };
}

/** Characters that are not seen, or make others seen in another order than they have: a name could pass for another by them. */
const UNSEEN = /[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** As people write it: without the default vhost. What cannot be seen in it is shown by its number. */
export function shortKey(key: string): string {
  const short = key.startsWith(`${DEFAULT_VHOST}/`) ? key.slice(DEFAULT_VHOST.length + 1) : key;
  return short.replace(
    UNSEEN,
    (each) => `⟨U+${each.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  );
}

/** The stream's place in the API: itself, or what would become of a play of it. */
export function streamPath(
  key: string,
  what: 'streams' | 'explain' = 'streams',
  asked: Readonly<Record<string, string>> = {},
): string {
  const { vhost, app, stream } = partsOf(key);
  const query = new URLSearchParams({ ...(vhost === DEFAULT_VHOST ? {} : { vhost }), ...asked }).toString();
  const path = `/api/v1/${what}/${encodeURIComponent(app)}/${encodeURIComponent(stream)}`;
  return query === '' ? path : `${path}?${query}`;
}

/** Where a member with this HTTP address serves it to a browser. */
export function playUrl(key: string, host: string, isSecure: boolean): string {
  const { vhost, app, stream } = partsOf(key);
  const path = [...app.split('/'), stream].map(encodeURIComponent).join('/');
  const query = vhost === DEFAULT_VHOST ? '' : `?vhost=${encodeURIComponent(vhost)}`;
  return `${isSecure ? 'wss' : 'ws'}://${host}/${path}.flv${query}`;
}
