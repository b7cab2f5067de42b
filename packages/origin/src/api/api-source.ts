import type { DirectoryView, PlayRequest, Route, StreamKey, StreamName } from '@headwater/directory';
import type { StreamView } from '@headwater/media';
import type { MemberView, MeshStatus } from '@headwater/mesh';

/** What the API shows: read from the running member, nothing of it changed. */
export interface ApiSource {
  readonly directory: DirectoryView;
  members(): readonly MemberView[];
  status(): MeshStatus;
  /** What handlers of connections threw although they never should, since the start. */
  faults(): number;
  /** It is leaving on purpose. */
  isDraining(): boolean;
  /** Streams on this member: published, relayed or waited for here. */
  hereKeys(): Iterable<StreamKey>;
  /** Players of a stream on this member. */
  playersHere(key: StreamKey): number;
  /** With no more than so many of its players. */
  hereStream(key: StreamKey, playersMax: number): StreamView | undefined;
  /** The route that this member would give. */
  route(request: Omit<PlayRequest, 'mode'>): Route;
  /** A vhost that counts here, or the default one. */
  resolveVhost(vhost: string | undefined): StreamName['vhost'];
}
