export { createMedia } from './create-media.js';
export { FlvFile } from './flv/flv-file.js';
export type { Frame } from './frame.js';
export {
  ListenError,
  type Media,
  type MediaHost,
  type MediaLog,
  type MediaOptions,
  type PlayerView,
  type StreamView,
} from './media-host.js';
export { modeOf as playModeOf } from './play/app-play.js';
export type { PublishPolicy } from './publish/publish-policy.js';
export { RtmpClientError, type RtmpClientErrorCode } from './rtmp/rtmp-client-error.js';
export { RtmpPublisher, type RtmpPublisherOptions } from './rtmp/rtmp-publisher.js';
