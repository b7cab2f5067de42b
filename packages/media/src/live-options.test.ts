import { streamKey } from '@headwater/directory';
import { expect, it } from 'vitest';
import { modeOf } from './desks/play/app-play.js';
import { policyOf } from './desks/publish/publish-policy.js';
import { liveOptions } from './live-options.js';
import { mediaOptions } from './testing/media-options.js';

const KEY = streamKey({ vhost: '__defaultVhost__', app: 'live', stream: 's1' });

it('whoever holds the options has the newest, and what all listeners are made for stays', () => {
  const given = mediaOptions('a');
  const live = liveOptions(given);
  const { options } = live;
  const { play, publish, relay, limits } = options;
  live.configure({
    ...given,
    play: { ...given.play, mode: 'relay', waitMs: 17, stuckMs: 1 },
    publish: { ...given.publish, policy: 'reject' },
    relay: { ...given.relay, lingerMs: 7 },
    vhosts: ['other'],
    trustedProxies: ['10.0.0.0/8'],
    limits: { ...given.limits, connectionsMax: 3, messageBytesMax: 70_000 },
    apps: { live: { play: { mode: 'redirect' } } },
    certificates: [],
  });
  expect([play.mode, play.waitMs, play.stuckMs]).toEqual(['relay', 17, 1]);
  expect([relay.lingerMs, options.vhosts, options.trustedProxies]).toEqual([7, ['other'], ['10.0.0.0/8']]);
  expect([limits.connectionsMax, limits.messageBytesMax]).toEqual([3, given.limits.messageBytesMax]);
  expect([modeOf(KEY, options), policyOf(KEY, options), publish.policy]).toEqual([
    'redirect',
    'reject',
    'reject',
  ]);
  live.configure({ ...given, certificates: [] });
  expect(modeOf(KEY, options)).toBe(given.play.mode);
  expect([publish.policy, options.trustedProxies]).toEqual([given.publish.policy, undefined]);
  expect(given.play.waitMs).not.toBe(17);
});
