import type { DirectoryView, PlayRequest, Route, StreamName } from '@headwater/directory';
import type { MemberView, MeshStatus } from '@headwater/mesh';
import type { EventLog } from '../events/event-log.js';
import type { MeshEvents } from '../events/mesh-events.js';
import type { MediaPlane, MediaQuestions } from '../plane/media-plane.js';
import type { MeshWide } from '../questions/mesh-wide.js';
import type { Access } from './access.js';

/** The part of the media plane that the API reads. */
export interface ApiMedia extends Pick<MediaPlane, 'told' | 'workers' | 'waitingFor'> {
  readonly ask: Pick<MediaQuestions, 'streamKeys' | 'stream' | 'playerCounts' | 'clients'>;
}

/** What the API shows of the running member, and whom it asks to act: any member, by the same questions. */
export interface ApiSource {
  readonly name: string;
  readonly mesh: Pick<MeshWide, 'ask' | 'askAll'>;
  readonly events: EventLog;
  readonly meshEvents: Pick<MeshEvents, 'log' | 'watch'>;
  readonly directory: DirectoryView;
  members(): readonly MemberView[];
  status(): MeshStatus;
  /** Who may ask what, as it is now. */
  readonly access: () => Access;
  /** It is leaving on purpose. */
  isDraining(): boolean;
  /** What is on this member, over all of its workers. */
  readonly media: ApiMedia;
  /** The route that this member would give. */
  route(request: Omit<PlayRequest, 'mode'>): Route;
  /** A vhost that counts here, or the default one. */
  resolveVhost(vhost: string | undefined): StreamName['vhost'];
}
