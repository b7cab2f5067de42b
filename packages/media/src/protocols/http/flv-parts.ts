import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { TellingGuard } from '../../desks/tell-refusals.js';
import type { Fence } from '../../fence.js';
import type { MediaLog } from '../../media-log.js';
import type { MediaOptions } from '../../media-options.js';

/** What plays and publishes by HTTP-FLV and WebSocket-FLV need. */
export interface FlvParts {
  readonly options: MediaOptions;
  readonly plays: PlayDesk;
  readonly publishes: PublishDesk;
  readonly guard: TellingGuard;
  readonly isMemberAddress: (ip: string) => boolean;
  readonly log: MediaLog;
  readonly fence: Fence;
}
