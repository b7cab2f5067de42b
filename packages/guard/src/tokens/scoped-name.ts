import { DEFAULT_VHOST, type StreamName } from '@headwater/directory';

/** How tokens name a stream: `app/stream`, and `//vhost/app/stream` where the vhost is another than the default. */
export function scopedName({ vhost, app, stream }: StreamName): string {
  return vhost === DEFAULT_VHOST ? `${app}/${stream}` : `//${vhost}/${app}/${stream}`;
}

/**
 * Whether a pattern means this name: `*` stands for any characters, slashes too; everything else for itself, case
 * included. A pattern without `//` is for the default vhost alone. The cost is bounded by the product of the lengths.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  if (pattern.startsWith('//') !== name.startsWith('//')) return false;
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < name.length; ) {
    if (pattern[at] === '*') {
      star = at;
      resume = index;
      at += 1;
    } else if (pattern[at] === name[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      resume += 1;
      at = star + 1;
      index = resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
