import { type StreamName, streamNameProblem } from '@headwater/directory';
import type { HttpAnswer } from './call-http.js';

/** What a hook's answer means. `rename`: the stream's new name. */
export type HookAnswer =
  | { readonly kind: 'yes'; readonly rename?: string }
  | { readonly kind: 'no'; readonly why: string };

/** SRS: 200 or 201, and the body `0` or JSON with the code 0. Blanks around it do not count, unlike with SRS itself. */
export function readSrsAnswer({ status, body }: HttpAnswer): HookAnswer {
  if (status !== 200 && status !== 201) return { kind: 'no', why: `status ${status}` };
  const text = body.trim();
  if (text === '0') return { kind: 'yes' };
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && 'code' in answer)
      return answer.code === 0 ? { kind: 'yes' } : { kind: 'no', why: 'a code other than 0' };
  } catch {
    // Told below.
  }
  return { kind: 'no', why: 'neither 0 nor JSON with a code' };
}

/** nginx-rtmp: 2xx is yes, 3xx with a `Location` that is no URL renames the stream, all else is no. */
export function readNginxAnswer({ status, location }: HttpAnswer): HookAnswer {
  if (status >= 200 && status < 300) return { kind: 'yes' };
  if (status < 300 || status >= 400) return { kind: 'no', why: `status ${status}` };
  if (location === undefined || location === '')
    return { kind: 'no', why: `status ${status} without Location` };
  if (location.includes('://') || location.startsWith('/'))
    return { kind: 'no', why: 'a Location that is a URL, and no name of a stream' };
  return { kind: 'yes', rename: location };
}

/** The name with another stream in it; null where that is no stream's name. */
export function renamed(name: StreamName, stream: string): StreamName | null {
  const after = { ...name, stream };
  return streamNameProblem(after) === null ? after : null;
}
