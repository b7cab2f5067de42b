export { type Client, remoteOf } from './arrival/client.js';
export { clientIp } from './arrival/client-address.js';
export { type ForwardedHeaders, type ForwardedRules, readForwarded } from './arrival/forwarded.js';
export { type Arrival, Front } from './arrival/front.js';
export { limitedAddress } from './arrival/limited-address.js';
export { TrustedProxies } from './arrival/trusted-proxies.js';
export { createMedia } from './create-media.js';
export { modeOf as playModeOf } from './desks/play/app-play.js';
export { type PublishPolicy, policyOf as publishPolicyOf } from './desks/publish/publish-policy.js';
export { Fence } from './fence.js';
export {
  MEDIA_GAUGES,
  MEDIA_HISTOGRAMS,
  MEDIA_TOTALS,
  type MediaFigures,
  MediaTally,
} from './figures/media-tally.js';
export { addFigures, endedFigures, NO_FIGURES } from './figures/merge-figures.js';
export type { HistogramFigures } from './figures/tally.js';
export type { Media } from './media.js';
export type { MediaEvent, MediaEventListener } from './media-event.js';
export type { Elsewhere, MediaHost, RelayAddress, WorkerAddress } from './media-host.js';
export { type ListenAt, ListenError, type MediaListenerName, type MediaPorts } from './media-listeners.js';
export type { MediaLog } from './media-log.js';
export type { MediaOptions, MediaSettings } from './media-options.js';
export type { ClientRef, ClientView, PlayerView, StreamTotal, StreamView } from './media-views.js';
export { QueuedAnswers } from './protocols/http/queued-answers.js';
export { ListeningPort } from './protocols/listening-port.js';
export { RtmpClientError, type RtmpClientErrorCode } from './protocols/rtmp/rtmp-client-error.js';
export { RtmpPublisher, type RtmpPublisherOptions } from './protocols/rtmp/rtmp-publisher.js';
export { vhostOf } from './protocols/stream-name.js';
export { CertificateError } from './tls/certificate.js';
export { CertificateStore } from './tls/certificate-store.js';
export { makeRelayIdentity, type RelayIdentity } from './tls/relay-identity.js';
export type { TlsOptions } from './tls/tls-options.js';
export { FlvFile } from './wire/flv/flv-file.js';
export type { Frame } from './wire/frame.js';
