import type { DirectoryView, PlayRequest, Route, StreamName } from '@headwater/directory';
import type { MemberView, MeshStatus } from '@headwater/mesh';
import type { MediaPlane } from '../plane/media-plane.js';

/** The part of the media plane that the API reads. */
export type ApiMedia = Pick<
  MediaPlane,
  'told' | 'workers' | 'waitingFor' | 'streamKeys' | 'stream' | 'playerCounts'
>;

/** What the API shows: read from the running member, nothing of it changed. */
export interface ApiSource {
  readonly directory: DirectoryView;
  members(): readonly MemberView[];
  status(): MeshStatus;
  /** It is leaving on purpose. */
  isDraining(): boolean;
  /** What is on this member, over all of its workers. */
  readonly media: ApiMedia;
  /** The route that this member would give. */
  route(request: Omit<PlayRequest, 'mode'>): Route;
  /** A vhost that counts here, or the default one. */
  resolveVhost(vhost: string | undefined): StreamName['vhost'];
}
