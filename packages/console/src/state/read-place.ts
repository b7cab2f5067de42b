/** What is on show; in the address, so that it can be sent to somebody. */
export type Place =
  | { readonly page: 'mesh' | 'events' | 'streams' }
  | { readonly page: 'clients'; readonly stream?: string; readonly member?: string }
  | { readonly page: 'config'; readonly member?: string }
  | { readonly page: 'stream'; readonly key: string }
  | { readonly page: 'member'; readonly id: string }
  | { readonly page: 'unknown' };

export function readPlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', rest] = path.split('/');
  if (page === '') return { page: 'mesh' };
  if (page === 'streams' || page === 'events') return { page };
  if (page === 'clients') {
    const wanted = new URLSearchParams(query);
    const [stream, member] = [wanted.get('stream'), wanted.get('member')];
    return { page, ...(stream === null ? {} : { stream }), ...(member === null ? {} : { member }) };
  }
  if (page === 'config') {
    const member = new URLSearchParams(query).get('member');
    return { page, ...(member === null ? {} : { member }) };
  }
  const name = rest === undefined ? null : decoded(rest);
  if (page === 'stream' && name !== null && name.split('/').length > 2) return { page, key: name };
  if (page === 'member' && name !== null && name !== '') return { page, id: name };
  return { page: 'unknown' };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export const linkToStream = (key: string): string => `#/stream/${encodeURIComponent(key)}`;
export const linkToMember = (id: string): string => `#/member/${encodeURIComponent(id)}`;
export const linkToConfig = (id: string): string => `#/config?${new URLSearchParams({ member: id })}`;
export const linkToClients = (query: { readonly stream?: string; readonly member?: string }): string =>
  `#/clients?${new URLSearchParams(query)}`;
