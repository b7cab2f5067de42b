import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** node-media-server's only logger writes to the console; ours tells what happens here. */
function silence(logger: { log?: unknown }): void {
  logger.log = () => {};
}

silence(require('node-media-server/src/core/logger.js') as { log?: unknown });

/** A part of node-media-server by its path under `src/`; the caller declares what it relies on, and tests it. */
export function loadNms(path: string): unknown {
  return require(`node-media-server/src/${path}`);
}

/**
 * Makes objects of a class without what its constructor allocates: each has the fields of one that was made once, and
 * the caller gives it buffers of its own. node-media-server's parsers clear 1 MiB each, and a connection needs none of it.
 */
export function lightly<T extends object>(Class: new () => T): () => T {
  const model = new Class();
  return () => Object.assign(Object.create(Class.prototype) as T, model);
}
