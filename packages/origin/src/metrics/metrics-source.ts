import type { DirectoryView } from '@headwater/directory';
import type { MemberView, MeshFigures, MeshStatus } from '@headwater/mesh';
import type { MediaPlane } from '../plane/media-plane.js';

/** What metrics are made of. */
export interface MetricsSource {
  readonly directory: DirectoryView;
  readonly member: {
    readonly id: string;
    readonly name: string;
    readonly role: string;
    readonly zone?: string;
  };
  members(): readonly MemberView[];
  status(): MeshStatus;
  figures(): MeshFigures;
  isDraining(): boolean;
  onMemberChanged(listener: (member: MemberView) => void): () => void;
  readonly media: Pick<
    MediaPlane,
    'told' | 'workers' | 'waitingFor' | 'slowPlayers' | 'streamKeys' | 'stream'
  >;
}
