import { DEFAULT_VHOST, streamNameProblem } from '@headwater/directory';
import { HeadwaterError } from '../errors.js';

/**
 * The path of the API that tells of a stream, written `app/stream`. Throws `HeadwaterError` (`STREAM_NAME_INVALID`) where
 * that is no name.
 */
export function streamPath(
  what: 'streams' | 'explain' | 'trace',
  written: string,
  vhost: string | undefined,
  query: readonly (readonly [string, string])[] = [],
): string {
  const slash = written.lastIndexOf('/');
  const name = {
    vhost: vhost ?? DEFAULT_VHOST,
    app: written.slice(0, Math.max(slash, 0)),
    stream: written.slice(slash + 1),
  };
  const problem = /^\w+:\/\//.test(written)
    ? 'it is a URL, of which APP/STREAM alone is asked for'
    : streamNameProblem(name);
  if (problem !== null)
    throw new HeadwaterError('STREAM_NAME_INVALID', `${JSON.stringify(written)} names no stream: ${problem}`);
  const path = [...name.app.split('/'), name.stream].map(encodeURIComponent).join('/');
  const parameters = new URLSearchParams(Object.fromEntries(query));
  if (vhost !== undefined) parameters.set('vhost', vhost);
  const text = parameters.toString();
  return `/api/v1/${what}/${path}${text === '' ? '' : `?${text}`}`;
}
