import type { Media } from '@headwater/media';
import { firstKeys } from './first-keys.js';
import type { Answer, MediaPlane } from './media-plane.js';

/** The media of a member that runs in this very process (`workers: 0`): every answer is at hand. */
export function oneProcess(media: Media): MediaPlane {
  return {
    start: () => media.start(),
    stop: () => media.stop(),
    get ports() {
      return media.ports;
    },
    waitingFor: null,
    refusePublishers: () => media.refusePublishers(),
    closePublishers: () => media.closePublishers(),
    told: () => ({
      ...media.load(),
      connections: media.connections,
      isFull: media.isFull,
      faults: media.faults(),
    }),
    workers: () => [],
    load: async () => whole(media.load()),
    pulls: async () => whole(media.pulls()),
    streamKeys: async (from, max) => whole(await firstKeys(media.streamKeys(), from, max)),
    stream: async (key, playersMax) => whole(media.stream(key, playersMax) ?? null),
    playerCounts: async (keys) => whole(keys.map((key) => media.playerCount(key))),
    slowPlayers: async () => whole(media.slowPlayers()),
  };
}

const whole = <T>(value: T): Answer<T> => ({ value, unanswered: [] });
