import type { StreamKey } from '@headwater/directory';
import type { MediaEventListener } from '../media-event.js';
import type { MediaLog } from '../media-log.js';
import type { SourceAbout } from './stream-source.js';
import type { UpstreamEnd } from './upstream.js';

export type RelayAbout = Extract<SourceAbout, { kind: 'relay' }>;

export interface TellingParts {
  readonly log: MediaLog;
  readonly tell?: MediaEventListener;
}

/** How a source falls silent. */
interface Stall {
  readonly silentMs: number;
  /** It is given up. */
  readonly isLost: boolean;
  readonly reason: string;
}

/** What logs and events say of one stream's relays, and of who feeds it. */
export class SourceTelling {
  readonly #key: StreamKey;
  readonly #parts: TellingParts;
  /** By which relay the stream was fed last; null where nothing goes on from it. */
  #lastOwner: string | null = null;

  constructor(key: StreamKey, parts: TellingParts) {
    this.#key = key;
    this.#parts = parts;
  }

  opened(about: RelayAbout, reason: string): void {
    const { name, through, worker, id } = about;
    const fields = { key: this.#key, ...idOf(about), to: name, from: this.#lastOwner, reason };
    this.#parts.log.info({ ...fields, ...wayOf(about) }, 'relay pulls');
    // What workers of one member give each other is nobody else's business.
    if (worker !== undefined) return;
    this.#parts.tell?.({
      kind: 'relay-started',
      ...(id !== undefined && { relay: id }),
      key: this.#key,
      owner: name,
      reason,
      ...(through === null ? {} : { through }),
    });
  }

  /** The upstream ended by itself. */
  lost(about: SourceAbout, { code, text, isOrdinary }: UpstreamEnd): void {
    const fields = { key: this.#key, ...told(about), reason: code, detail: text };
    if (isOrdinary) this.#parts.log.info(fields, 'relay lost its owner');
    else this.#parts.log.warn(fields, 'relay lost its owner');
    this.ended(about, code);
  }

  ended(about: SourceAbout | undefined, reason: string): void {
    if (about?.kind !== 'relay' || isSibling(about)) return;
    this.#parts.tell?.({
      kind: 'relay-ended',
      ...relayOf(about, 'relay'),
      key: this.#key,
      owner: about.name,
      reason,
    });
  }

  lags(about: SourceAbout | undefined, lagMs: number): void {
    const fields = { key: this.#key, ...told(about), lagMs: Math.round(lagMs) };
    this.#parts.log.info(fields, 'relay waiting for lagging owner');
  }

  stalled(about: SourceAbout | undefined, { silentMs, isLost, reason }: Stall): void {
    const fields = { key: this.#key, ...told(about), silentMs: Math.round(silentMs) };
    if (isLost) this.#parts.log.warn({ ...fields, reason }, 'relay lost its owner');
    else this.#parts.log.warn(fields, 'relay stalls');
  }

  /**
   * Another source feeds the stream, after `before` and a silence. `offsetMs`: exactly, by this distance of clocks; null: from
   * a start.
   */
  switched(about: SourceAbout, before: SourceAbout | null, offsetMs: number | null, silentMs: number): void {
    const { log } = this.#parts;
    this.#tellSwitch(about, before, offsetMs !== null, silentMs);
    const splice = offsetMs === null ? { splice: 'none' } : { splice: 'exact', offsetMs };
    const fields = { key: this.#key, ...told(about), ...splice, silentMs };
    if (about.kind === 'publisher') {
      if (before?.kind === 'relay') log.info(fields, 'relay handed over to publisher');
      return;
    }
    if (before !== null) log.info(fields, 'relay switched owner');
    log.info({ key: this.#key, ...told(about) }, 'relay flows');
    this.#lastOwner = about.name;
  }

  /** Nothing feeds the stream any more. */
  detached(): void {
    this.#lastOwner = null;
  }

  #tellSwitch(about: SourceAbout, before: SourceAbout | null, isExact: boolean, silentMs: number): void {
    if ((before === null && about.kind !== 'relay') || isSibling(about)) return;
    this.#parts.tell?.({
      kind: 'relay-switched',
      ...relayOf(about, 'relay'),
      ...relayOf(before, 'fromRelay'),
      key: this.#key,
      from: before === null ? null : nameOf(before),
      to: nameOf(about),
      gapMs: before === null ? 0 : silentMs,
      isExact,
    });
  }
}

/** Of a relay; nothing of a publisher. */
function told(about: SourceAbout | undefined): object {
  if (about?.kind !== 'relay') return {};
  return { ...idOf(about), owner: about.name, ownerId: about.from, ...wayOf(about) };
}

const isSibling = (about: SourceAbout): boolean => about.kind === 'relay' && about.worker !== undefined;

const nameOf = (about: SourceAbout): string => (about.kind === 'relay' ? about.name : 'publisher');

/** Of a relay that has one. */
const idOf = ({ id }: RelayAbout): { readonly id?: string } => (id === undefined ? {} : { id });

/** The same as a field of events, whose own ids are others. */
function relayOf<N extends 'relay' | 'fromRelay'>(
  about: SourceAbout | null,
  name: N,
): { readonly [F in N]?: string } {
  return about?.kind === 'relay' && about.id !== undefined
    ? ({ [name]: about.id } as { readonly [F in N]: string })
    : {};
}

/** The way to an owner, as logs have it. */
function wayOf({ through, worker }: RelayAbout): object {
  return {
    ...(through === null ? {} : { through }),
    ...(worker === undefined ? {} : { fromWorker: worker }),
  };
}
