export { createMedia } from './create-media.js';
export { limitedAddress } from './desks/client-address.js';
export { modeOf as playModeOf } from './desks/play/app-play.js';
export { type PublishPolicy, policyOf as publishPolicyOf } from './desks/publish/publish-policy.js';
export type { MediaEvent, MediaEventListener } from './media-event.js';
export {
  type ClientRef,
  type ClientView,
  type Elsewhere,
  ListenError,
  type ListenerName,
  type Media,
  type MediaHost,
  type MediaLog,
  type MediaOptions,
  type PlayerView,
  type StreamView,
  type WorkerAddress,
} from './media-host.js';
export { clientIp } from './protocols/client-address.js';
export { listen } from './protocols/listen.js';
export { RtmpClientError, type RtmpClientErrorCode } from './protocols/rtmp/rtmp-client-error.js';
export { RtmpPublisher, type RtmpPublisherOptions } from './protocols/rtmp/rtmp-publisher.js';
export { vhostOf } from './protocols/stream-name.js';
export { FlvFile } from './wire/flv/flv-file.js';
export type { Frame } from './wire/frame.js';
