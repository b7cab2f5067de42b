const known = new WeakMap<object, string>();

/** Keeps whom a request comes from, as proxies that are trusted say. */
export function keepClientIp(request: object, ip: string): void {
  known.set(request, ip);
}

/** What was kept of a request; undefined where nothing was. */
export const clientIpOf = (request: object): string | undefined => known.get(request);
