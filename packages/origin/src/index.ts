export { loadConfig } from './config/load-config.js';
export type { OriginConfig } from './config/origin-config.js';
export { HeadwaterError } from './errors.js';
export { type RunningOrigin, type StartOptions, startOrigin } from './origin.js';
