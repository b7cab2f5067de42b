import type { PlayRequest } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { PlayDesk, type PlayDeskParts } from '../desks/play/play-desk.js';
import type { PlayRules } from '../desks/play/play-routes.js';
import { PublishDesk } from '../desks/publish/publish-desk.js';
import type { PublishFeed } from '../desks/publish/publish-session.js';
import type { MediaHost } from '../media-host.js';
import type { Frame } from '../wire/frame.js';
import { AUDIO_HEADER, METADATA, VIDEO_HEADER } from './frames.js';
import { mediaOptions } from './media-options.js';
import { MemoryMesh } from './memory-mesh.js';
import { MemoryPlay } from './memory-play.js';
import { MemoryStreams, type OpenedRelay } from './stream-world.js';

export const KEY_S = '__defaultVhost__/live/s';
export const CLAIM = { key: KEY_S, sinceMs: 1, media: {} };

/** Member `a` whole but for its sockets, and the hosts of `b` and `c` to claim by. `more`: of what its play desk is given. */
export function memberA(
  rules: Partial<PlayRules> = {},
  isFull: () => boolean = () => false,
  more: Partial<PlayDeskParts> = {},
) {
  const mesh = new MemoryMesh();
  const own = mesh.host('a');
  const asked: PlayRequest[] = [];
  let listening = 0;
  const host: MediaHost = {
    ...own,
    route: (request) => {
      asked.push(request);
      return own.route(request);
    },
    onOwnersChanged: (listener, interest) => {
      listening += 1;
      const stop = own.onOwnersChanged(listener, interest);
      return () => {
        listening -= 1;
        stop();
      };
    },
  };
  const b = mesh.host('b');
  const c = mesh.host('c');
  const options = mediaOptions('a');
  const log = new MemoryLog();
  const streams = new MemoryStreams((key) => mesh.owners(key).filter(({ member }) => member !== 'a'), log);
  const plays = new PlayDesk({ streams, host, log, isFull, ...more }, { ...options, ...rules });
  const publishes = new PublishDesk(
    { streams, host: own, forwards: null, log, onPublisherChanged: (key) => plays.reconsider(key) },
    { acceptsPublishers: true, idleMs: 1000, policy: () => 'backup' },
  );
  const play = (more: ConstructorParameters<typeof MemoryPlay>[0] = {}): MemoryPlay => {
    const session = new MemoryPlay(more);
    plays.play(session);
    return session;
  };
  const publish = (key = KEY_S): PublishFeed => {
    const answer = publishes.publish({
      id: 'p',
      key,
      protocol: 'rtmp',
      remote: '1.1.1.1:1',
      agent: '',
      end: () => {},
      answered: () => {},
      fault: (error) => {
        throw error;
      },
    });
    if (!answer.accepted) throw new Error(answer.code);
    for (const frame of [METADATA(), VIDEO_HEADER(), AUDIO_HEADER()]) answer.feed.push(frame);
    return answer.feed;
  };
  const routes = () => log.of('play routed').map(({ route, reason }) => `${route} ${reason}`);
  const listeners = () => listening;
  return { mesh, host, b, c, streams, log, plays, publishes, play, publish, routes, asked, listeners };
}

/** Media comes by a relay. */
export function flow(relay: OpenedRelay | undefined): { push(frame: Frame): void } {
  relay?.events.started();
  return { push: (frame) => relay?.events.frame(frame) };
}

export function fail(relay: OpenedRelay | undefined): void {
  if (relay === undefined) return;
  relay.isOpen = false;
  relay.events.ended({ code: 'closed-by-server', text: '', isOrdinary: false });
}

export function claim(host: MediaHost): void {
  host.claim(CLAIM);
}
