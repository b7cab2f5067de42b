import type { DirectoryView } from '@headwater/directory';
import type { MemberView, MeshFigures, MeshStatus } from '@headwater/mesh';
import type { MediaPlane, MediaQuestions } from '../plane/media-plane.js';

/** Which metrics there are beside those that there always are. */
export interface MetricsChoice {
  /** Streams that have series of their own, at most. */
  readonly streamsMax: number;
  /** The names of SRS's exporter, too. */
  readonly srsNames: boolean;
}

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
  readonly media: Pick<MediaPlane, 'told' | 'workers' | 'waitingFor' | 'figures'> & {
    readonly ask: Pick<MediaQuestions, 'streamTotals'>;
  };
}
