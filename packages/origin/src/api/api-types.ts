/** The types of the API's answers, for clients that are built with it. */
export type { OriginEvent } from '../events/origin-event.js';
export type { ApiClient } from './schemas/client.js';
export type { ApiExplained } from './schemas/explain.js';
export type { ApiLinks } from './schemas/link.js';
export type { ApiConfig, ApiMember } from './schemas/member.js';
export type {
  ApiFigures,
  ApiOwner,
  ApiRoute,
  ApiStreamDetail,
  ApiStreamPage,
} from './schemas/stream.js';
