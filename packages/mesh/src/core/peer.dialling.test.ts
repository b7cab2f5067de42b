import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CUT_OFF_MS,
  GONE_RETRY_MAX_MS,
  GONE_RETRY_SHARE,
  OFFENCE_FADES_MS,
  OFFENCES_MAX,
  RECENTLY_LOST_MS,
  RETRY_MAX_MS,
  STRANGER_KEPT_MS,
  STRANGER_RETRY_MAX_MS,
  TWIN_ANSWER_PAUSE_MS,
  TWIN_HEARD_MS,
  VERSIONS_REST_MS,
  VOUCHED_MS,
} from './limits.js';
import { Peer } from './peer.js';
import { greet } from './testing/greet.js';
import type { WarningPace } from './warning-pace.js';

/** When it was first heard of; what happens to it comes later. */
const KNOWN_AT = 1_000;
const AT = 50_000;

let peer: Peer;

beforeEach(() => {
  const directory = new Directory('self', profileOf('self'), { membersMax: 8, streamsPerMemberMax: 8 });
  const path = { lateMs: 0, usualMs: 5, usualShortestMs: 1, waitedMs: () => 0 };
  peer = new Peer('peer', directory, { suspectAfterMs: 1_800, deadAfterMs: 900 }, path, 0, KNOWN_AT);
});

const met = (): void => greet(peer, 1, AT);
const judged = (liveness: 'alive' | 'unreachable' | 'suspect' | 'dead') => (): void => {
  met();
  peer.disconnected(AT);
  peer.judged(liveness, AT);
};
const left = (): void => {
  met();
  peer.left(1, AT);
};

describe('the longest wait between two dials of a member', () => {
  const SHARE_FROM_MS = STRANGER_RETRY_MAX_MS / GONE_RETRY_SHARE;
  const LONG_MS = 10 * 60_000;

  it.each<[string, () => void, number, number]>([
    ['never met, heard of just now', () => {}, KNOWN_AT, STRANGER_RETRY_MAX_MS],
    ['never met', () => {}, KNOWN_AT + SHARE_FROM_MS, STRANGER_RETRY_MAX_MS],
    ['never met, for long', () => {}, KNOWN_AT + LONG_MS, LONG_MS * GONE_RETRY_SHARE],
    ['never met, for very long', () => {}, KNOWN_AT + 9 * LONG_MS, GONE_RETRY_MAX_MS],
    ['never met, that another one hears', () => peer.vouch.give('other', AT), AT, RETRY_MAX_MS],
    [
      'never met, that nobody hears any more',
      () => peer.vouch.give('other', AT),
      AT + VOUCHED_MS,
      STRANGER_RETRY_MAX_MS,
    ],
    ['that is alive', met, AT + 9 * LONG_MS, RETRY_MAX_MS],
    ['that others hear', judged('unreachable'), AT + 9 * LONG_MS, RETRY_MAX_MS],
    ['that is suspect', judged('suspect'), AT + 9 * LONG_MS, RETRY_MAX_MS],
    ['that died just now', judged('dead'), AT, RETRY_MAX_MS],
    ['that died', judged('dead'), AT + 60_000, 60_000 * GONE_RETRY_SHARE],
    ['that died long ago', judged('dead'), AT + 9 * LONG_MS, GONE_RETRY_MAX_MS],
    [
      'that died, and that another one hears',
      () => {
        judged('dead')();
        peer.vouch.give('other', AT + LONG_MS);
      },
      AT + LONG_MS,
      RETRY_MAX_MS,
    ],
    ['that left just now', left, AT, STRANGER_RETRY_MAX_MS],
    ['that left', left, AT + LONG_MS, LONG_MS * GONE_RETRY_SHARE],
  ])('%s', (_, happens, now, expected) => {
    happens();
    expect(peer.retryMaxMs(now)).toBe(expected);
  });
});

describe('a member is looked for before others', () => {
  it.each<[string, () => void, number, boolean]>([
    ['a stranger: no', () => {}, AT, false],
    ['alive: yes', met, AT, true],
    ['suspect: yes', judged('suspect'), AT, true],
    ['heard by others: no', judged('unreachable'), AT, false],
    ['dead for less than a minute: yes', judged('dead'), AT + RECENTLY_LOST_MS - 1, true],
    ['dead for a minute: no', judged('dead'), AT + RECENTLY_LOST_MS, false],
    ['left: no', left, AT, false],
  ])('%s', (_, happens, now, expected) => {
    happens();
    expect(peer.isRecentlyLost(now)).toBe(expected);
  });
});

describe('a member is worth keeping', () => {
  const offend = (times: number) => (): void => {
    for (let count = 0; count < times; count += 1) peer.offences.add(AT);
  };
  const named = (): void => peer.named(AT);
  const incompatible = (): void => void peer.incompatible('origin-b', 'test 9', AT);
  const FORGOTTEN_AT = AT + VERSIONS_REST_MS + STRANGER_KEPT_MS;

  it.each<[string, () => void, number, boolean]>([
    ['that nobody names: no', () => {}, KNOWN_AT, false],
    ['that somebody named: for a while', named, AT + STRANGER_KEPT_MS - 1, true],
    ['that nobody names any more: no', named, AT + STRANGER_KEPT_MS, false],
    ['of other versions: for a while after it may be dialled', incompatible, FORGOTTEN_AT - 1, true],
    ['of other versions, long gone: no', incompatible, FORGOTTEN_AT, false],
    ['that offended: until that is forgiven', offend(1), AT + OFFENCE_FADES_MS - 1, true],
    ['that offended long ago: no', offend(1), AT + OFFENCE_FADES_MS, false],
    ['that is cut off: until that is over', offend(OFFENCES_MAX + 1), AT + CUT_OFF_MS - 1, true],
    ['that was met: always', judged('dead'), AT + 100 * STRANGER_KEPT_MS, true],
  ])('%s', (_, happens, now, expected) => {
    happens();
    expect(peer.isWorthKeeping(now)).toBe(expected);
  });

  it('by its newest name', () => {
    incompatible();
    peer.named(FORGOTTEN_AT);
    expect(peer.isWorthKeeping(FORGOTTEN_AT + STRANGER_KEPT_MS - 1)).toBe(true);
  });
});

describe('an earlier start of a member that speaks', () => {
  it('counts as about for a time', () => {
    expect(peer.isOlderAbout(AT)).toBe(false);
    peer.heardOlder(AT);
    expect([AT, AT + TWIN_HEARD_MS - 1, AT + TWIN_HEARD_MS].map((now) => peer.isOlderAbout(now))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is answered at a pace of its own, so that one of two does not keep the other from its answers', () => {
    const { older, newest } = peer.answerPaces;
    const answered = (pace: WarningPace, ...at: readonly number[]) => at.filter((now) => pace.take(now));
    expect(answered(older, AT, AT + 1, AT + TWIN_ANSWER_PAUSE_MS)).toEqual([AT, AT + TWIN_ANSWER_PAUSE_MS]);
    expect(answered(newest, AT + TWIN_ANSWER_PAUSE_MS)).toEqual([AT + TWIN_ANSWER_PAUSE_MS]);
  });

  it.each<[string, () => void, boolean]>([
    ['greeted: yes', met, true],
    ['connected, and is not refused: no', () => peer.connected({}, AT), false],
    [
      'connected, and is refused as an earlier start: yes',
      () => {
        peer.connected({}, AT);
        peer.heardOlder(AT);
      },
      true,
    ],
    ['is not connected: no', () => peer.heardOlder(AT), false],
  ])('can be asked where it %s', (_, happens, expected) => {
    happens();
    expect(peer.isWitness(AT)).toBe(expected);
  });
});
