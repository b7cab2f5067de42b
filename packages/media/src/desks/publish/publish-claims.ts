import type { StreamKey } from '@headwater/directory';
import type { MediaHost } from '../../media-host.js';
import type { Publish } from './publish.js';

/** Tells the mesh what is published here, and how its media is, for as long as a publish is the stream's one here. */
export class PublishClaims {
  readonly #host: Pick<MediaHost, 'claim' | 'release'>;
  readonly #onChanged: (key: StreamKey) => void;
  readonly #isCurrent: (publish: Publish) => boolean;
  /** Whose media became better known since the last claim. */
  readonly #due = new Set<Publish>();

  /** `onChanged`: a stream's claim came or went. `isCurrent`: false once a publish has ended. */
  constructor(
    host: Pick<MediaHost, 'claim' | 'release'>,
    onChanged: (key: StreamKey) => void,
    isCurrent: (publish: Publish) => boolean,
  ) {
    this.#host = host;
    this.#onChanged = onChanged;
    this.#isCurrent = isCurrent;
  }

  /** The claim stands when this returns. */
  claim(publish: Publish): void {
    const { session, sinceMs } = publish;
    publish.isClaimed = true;
    this.#host.claim({ key: session.key, sinceMs, media: {}, silent: true });
    this.#onChanged(session.key);
  }

  /** The first packets each tell something; one claim says it all. */
  claimSoon(publish: Publish): void {
    if (this.#due.size === 0) setImmediate(() => this.#claimDue());
    this.#due.add(publish);
  }

  /** Nothing where it was never claimed. */
  release({ session, isClaimed }: Publish): void {
    if (!isClaimed) return;
    this.#host.release(session.key);
    this.#onChanged(session.key);
  }

  #claimDue(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const publish of due) {
      if (!publish.isClaimed || !this.#isCurrent(publish)) continue;
      const { session, source, flow, sinceMs } = publish;
      const silent = flow.isFlowing ? {} : { silent: true };
      try {
        this.#host.claim({ key: session.key, sinceMs, media: source.media, ...silent });
      } catch (error) {
        session.fault(error);
      }
    }
  }
}
