import { Directory } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { Peer } from './peer.js';
import { type Newcomer, whoGoes } from './room.js';
import { helloOf } from './testing/hello-of.js';

const directory = new Directory('self', profileOf('self'), { membersMax: 8, streamsPerMemberMax: 8 });

const PATH = { lateMs: 0, usualMs: null, usualShortestMs: null, waitedMs: () => 0 };

type Kind = 'tried' | 'untried' | 'mute' | 'alive' | 'unreachable' | 'dead' | 'left' | 'dead, connected';

/** One that is known since then, and dead or left since then. */
function peerOf(kind: Kind, id: string, at: number): Peer {
  const peer = new Peer(id, directory, { suspectAfterMs: 1_800, deadAfterMs: 900 }, PATH, 0, at);
  if (kind === 'tried') peer.redial.failed(at, 1_500, 0);
  if (kind === 'tried' || kind === 'untried') return peer;
  peer.connected({}, at);
  if (kind === 'mute') return peer;
  peer.greeted(helloOf(id, { addresses: [] }), 0, at - 60_000);
  if (kind === 'left') peer.left(1, at);
  if (kind.startsWith('dead')) peer.judged('dead', at);
  if (kind === 'unreachable') peer.judged('unreachable', at);
  if (kind === 'dead' || kind === 'left' || kind === 'unreachable') peer.disconnected(at);
  return peer;
}

const goes = (newcomer: Newcomer, ...kinds: readonly Kind[]): string | null =>
  whoGoes(
    kinds.map((kind, index) => peerOf(kind, `${kind} ${index}`, 100_000 + index)),
    newcomer,
  )?.id ?? null;

describe('whoGoes', () => {
  it.each([
    ['connected', ['alive', 'mute', 'untried', 'left', 'dead', 'tried'], 'tried 5'],
    ['connected', ['alive', 'mute', 'untried', 'left', 'dead'], 'dead 4'],
    ['connected', ['alive', 'mute', 'untried', 'left'], 'left 3'],
    ['connected', ['alive', 'mute', 'untried'], 'untried 2'],
    ['connected', ['alive', 'mute'], 'mute 1'],
    ['connected', ['alive'], null],
    ['connected', ['unreachable'], null],
    ['connected', ['dead, connected'], null],
    ['vouched', ['alive', 'mute', 'untried', 'left', 'dead', 'tried'], 'tried 5'],
    ['vouched', ['alive', 'mute', 'untried', 'left', 'dead'], 'dead 4'],
    ['vouched', ['alive', 'mute', 'untried', 'left'], 'left 3'],
    ['vouched', ['alive', 'mute', 'untried'], null],
    ['hearsay', ['alive', 'mute', 'untried', 'left', 'dead', 'tried'], 'tried 5'],
    ['hearsay', ['alive', 'mute', 'untried', 'left', 'dead'], null],
  ] as const)('for one that is %s, of %j: %s', (newcomer, kinds, expected) => {
    expect(goes(newcomer, ...kinds)).toBe(expected);
  });

  it.each(['tried', 'dead', 'left', 'untried', 'mute'] as const)('takes the longest first: %s', (kind) => {
    expect(goes('connected', kind, kind, kind)).toBe(`${kind} 0`);
    const older = peerOf(kind, 'older', 1_000);
    expect(whoGoes([peerOf(kind, 'younger', 2_000), older], 'connected')).toBe(older);
  });
});
