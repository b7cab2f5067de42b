import { profileOf } from '@headwater/testing/profile-of';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { EventLog } from '../events/event-log.js';
import type { MeshWide } from '../questions/mesh-wide.js';
import { createApi } from './create-api.js';
import { LINKS_ANSWER } from './schemas/link.js';
import { STREAM_PAGE } from './schemas/stream.js';
import { emptyDirectory, madeSource, mediaOf } from './testing/made-source.js';

type AskAll = MeshWide['askAll'];

/** Every member that is asked gives these answers. */
const answering = (
  answers: readonly { readonly member: string; readonly answer: unknown }[],
  asked: unknown[] = [],
): Pick<MeshWide, 'ask' | 'askAll'> => ({
  ask: async (member) => ({ member, reason: 'not-connected' }),
  askAll: (async (_name: string, ask: unknown) => {
    asked.push(ask);
    return { answers, missing: [{ member: 'id-hung', reason: 'deadline' }] };
  }) as unknown as AskAll,
});

const api = (overrides: Parameters<typeof madeSource>[1]) =>
  createApi(madeSource(emptyDirectory(profileOf('c')), overrides), (error) => {
    throw error;
  });

describe('for who watches the mesh', () => {
  it('links are what each member says, and who does not answer is named', async () => {
    const mesh = answering([
      {
        member: 'id-c',
        answer: {
          peers: [{ member: 'id-x', liveness: 'unreachable', connected: false }],
          pulls: [{ owner: 'x', streams: 2, keys: ['v/a/s'] }],
        },
      },
    ]);
    const answer = await (await api({ mesh }).request('/api/v1/links')).json();
    expect(v.parse(LINKS_ANSWER, answer)).toEqual(answer);
    expect(answer).toMatchObject({
      members: [{ member: 'id-c', name: 'c', peers: [{ member: 'id-x', liveness: 'unreachable' }] }],
      missing: [{ member: 'id-hung', reason: 'deadline' }],
    });
  });

  it('figures of a page are put together from all members; a pull is no player', async () => {
    const directory = emptyDirectory(profileOf('c'));
    const key = '__defaultVhost__/live/s1';
    const last = { atMs: 5, from: 'a', to: 'b', gapMs: 1, isExact: true };
    const one = { key, players: 3, kbpsIn: 500, isPulled: false };
    const asked: unknown[] = [];
    const mesh = answering(
      [
        { member: 'id-a', answer: { streams: [one] } },
        {
          member: 'id-b',
          answer: { streams: [{ ...one, players: 2, isPulled: true, lastSwitch: last }] },
        },
      ],
      asked,
    );
    const source = madeSource(directory, {
      mesh,
      directory: {
        ...bound(directory),
        owners: () => [],
        keysFrom: (from: string) => (from <= key ? [key] : []),
        streamCount: 1,
      } as never,
      media: mediaOf({
        streamKeys: async (from) => ({ value: from <= key ? [key] : [], unanswered: [] }),
      }),
    });
    const app = createApi(source, (error) => {
      throw error;
    });
    const answer = await (await app.request('/api/v1/streams?figures=mesh&limit=50')).json();
    expect(v.parse(STREAM_PAGE, answer)).toEqual(answer);
    expect(answer).toMatchObject({
      streams: [{ key, figures: { players: 4, kbpsIn: 500, relays: 1, lastSwitch: last } }],
      missing: [{ member: 'id-hung' }],
    });
    expect(asked).toEqual([{ keys: [key] }]);
    expect((await app.request('/api/v1/streams?figures=mesh&limit=101')).status).toBe(400);
  });

  it('events of the mesh come with who saw them, and with a pulse that has no id', async () => {
    const log = new EventLog('abcm', () => 0);
    let watching = 0;
    const app = api({
      meshEvents: {
        log,
        watch: () => {
          watching += 1;
          return () => {
            watching -= 1;
          };
        },
      },
    });
    log.tell({ kind: 'member-dead', member: 'id-x', name: 'x' }, { atMs: 7, seenBy: 'b' });
    const gone = new AbortController();
    const answer = await app.request(
      new Request('http://localhost/api/v1/events?scope=mesh&since=all', { signal: gone.signal }),
    );
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('member-dead')) text += (await reader?.read())?.value ?? '';
    expect(text).toMatch(/\n\nevent: pulse\ndata: \{"kind":"pulse"/);
    expect(text).toContain('"kind":"member-dead","member":"id-x","name":"x","seenBy":"b"}');
    expect(watching).toBe(1);
    await reader?.cancel();
  });
});

/** The methods of a directory, for a copy of it in which some are others. */
function bound(directory: ReturnType<typeof emptyDirectory>) {
  return {
    self: directory.self,
    member: directory.member.bind(directory),
    members: directory.members.bind(directory),
  };
}
