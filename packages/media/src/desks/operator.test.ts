import { MemoryLog } from '@headwater/testing/memory-log';
import { describe, expect, it } from 'vitest';
import type { MediaEvent } from '../media-event.js';
import { mediaOptions } from '../testing/media-options.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import { MemoryPlay } from '../testing/memory-play.js';
import { MemoryStreams } from '../testing/stream-world.js';
import { PlayDesk } from './play/play-desk.js';
import { PublishDesk } from './publish/publish-desk.js';
import type { PublishEnd, PublishSession } from './publish/publish-session.js';

const KEY_S = '__defaultVhost__/live/s';

function memberA() {
  const events: MediaEvent[] = [];
  const tell = (event: MediaEvent): void => void events.push(event);
  const mesh = new MemoryMesh();
  const host = mesh.host('a');
  const log = new MemoryLog();
  const streams = new MemoryStreams((key) => mesh.owners(key).filter(({ member }) => member !== 'a'), log);
  const plays = new PlayDesk({ streams, host, log, tell }, mediaOptions('a'));
  const publishes = new PublishDesk(
    { streams, host, forwards: null, log, tell, onPublisherChanged: (key) => plays.reconsider(key) },
    { acceptsPublishers: true, idleMs: 1000, policy: () => 'backup' },
  );
  const told = (): string[] =>
    events.map((event) => [event.kind, 'reason' in event ? event.reason : ''].join(' ').trim());
  return { mesh, plays, publishes, streams, told };
}

function publisher(id: string, key = KEY_S): PublishSession & { readonly ends: PublishEnd[] } {
  const ends: PublishEnd[] = [];
  return {
    id,
    key,
    protocol: 'rtmp',
    remote: '1.2.3.4:5',
    agent: 'test',
    ends,
    end: (reason) => ends.push(reason),
    answered: () => {},
    fault: (error) => {
      throw error;
    },
  };
}

describe('an operator', () => {
  it('ends one play by its id, and no other', () => {
    const { plays, streams, told } = memberA();
    const [one, other] = [new MemoryPlay(), new MemoryPlay()];
    for (const session of [one, other]) plays.play(session);
    expect([plays.kick(one.id), plays.kick(one.id), plays.kick('nobody')]).toEqual([true, false, false]);
    expect(one.told.at(-1)).toBe('refuse kicked');
    expect(other.told).not.toContain('refuse kicked');
    expect(streams.get(KEY_S)?.playerCount).toBe(1);
    // Its connection closes afterwards, which is no second end.
    plays.leave(one);
    expect(told()).toEqual(['route-given not-published', 'route-given not-published', 'play-ended']);
    plays.stop();
  });

  it('ends a publisher by its id, and its claim with it', () => {
    const { mesh, publishes, told } = memberA();
    const session = publisher('p1');
    publishes.publish(session);
    expect([...publishes.publishers()].map(({ id }) => id)).toEqual(['p1']);
    expect(publishes.kick('p2')).toBe(false);
    expect(publishes.kick('p1')).toBe(true);
    expect([session.ends, mesh.owners(KEY_S), publishes.kick('p1')]).toEqual([['kicked'], [], false]);
    expect(told()).toEqual(['publish-started', 'publish-ended kicked']);
    publishes.stop();
  });

  it('may take back that nobody may publish', () => {
    const { publishes, told } = memberA();
    publishes.refuse();
    expect(publishes.publish(publisher('p1')).accepted).toBe(false);
    publishes.accept();
    expect(publishes.publish(publisher('p2')).accepted).toBe(true);
    expect(told()).toEqual(['publish-refused stopping', 'publish-started']);
    publishes.stop();
  });

  it('hears why a play was refused', () => {
    const { plays, told } = memberA();
    plays.play(new MemoryPlay({ mark: 'relay' }));
    plays.stop();
    plays.play(new MemoryPlay());
    expect(told()).toEqual(['play-refused relay-of-unowned', 'play-refused stopping']);
  });
});
