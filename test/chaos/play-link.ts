import type { FlvTag } from '../support/flv-reader.js';

/** What a player's connection tells. Nothing is told after `ended`, or after the link was closed. */
export interface LinkEvents {
  /** It is about to connect to this port; again for each redirect. */
  readonly target: (port: number) => void;
  readonly tag: (tag: FlvTag) => void;
  readonly ended: (reason: string) => void;
}

export interface PlayLink {
  close(): void;
}

export const PROTOCOLS = ['rtmp', 'http-flv', 'ws-flv', 'srs-edge'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** More redirects than these in a row are a loop. */
export const REDIRECTS_MAX = 4;

/** Tells nothing more once it was closed or has ended. */
export function guarded(events: LinkEvents): LinkEvents & { readonly isOver: () => boolean; stop(): void } {
  let isOver = false;
  return {
    isOver: () => isOver,
    stop: () => {
      isOver = true;
    },
    target: (port) => {
      if (!isOver) events.target(port);
    },
    tag: (tag) => {
      if (!isOver) events.tag(tag);
    },
    ended: (reason) => {
      if (isOver) return;
      isOver = true;
      events.ended(reason);
    },
  };
}
