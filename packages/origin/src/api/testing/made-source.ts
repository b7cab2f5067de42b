import { Directory, type MemberProfile, route } from '@headwater/directory';
import { EventLog } from '../../events/event-log.js';
import { RelayBook } from '../../events/relay-book.js';
import type { MediaPlane, MediaQuestions } from '../../plane/media-plane.js';
import { type MemberControl, type MemberKnowledge, memberAnswers } from '../../questions/member-answers.js';
import { answerQuestions, MeshWide } from '../../questions/mesh-wide.js';
import type { Access } from '../access.js';
import type { ApiMedia, ApiSource } from '../api-source.js';

export const whole = <T>(value: T) => ({ value, unanswered: [] });

/** No tokens. */
export const OPEN_ACCESS: Access = { operateTokens: [], readTokens: [], hosts: [], cors: [] };

/** The media of a member that answers this, and has nothing else. */
export const mediaOf = (
  answers: Partial<MediaQuestions> = {},
): ApiMedia & { readonly ask: MediaQuestions } => ({
  ask: {
    load: async () => whole({ players: 0, publishers: 0, outboundKbps: 0 }),
    pulls: async () => whole([]),
    publishersAsked: async () => whole(0),
    streamKeys: async () => whole([]),
    stream: async () => whole(null),
    playerCounts: async (keys) => whole(keys.map(() => 0)),
    clients: async () => whole([]),
    kick: async () => whole(false),
    endPublish: async () => whole(false),
    streamTotals: async () => whole([]),
    ...answers,
  },
  told: () => ({ players: 0, publishers: 0, outboundKbps: 0, connections: 0, isFull: false, faults: 3 }),
  workers: () => [],
  waitingFor: null,
});

/** Questions of a member that is alone: it answers itself, as it would others. */
export function questionsAlone(
  self: string,
  media: Pick<MediaPlane, 'ask'>,
  control: Partial<MemberControl> = {},
  knowledge: Partial<MemberKnowledge> = {},
): MeshWide {
  const handlers = new Map<
    string,
    (payload: unknown, asked: { from: string; bytesMax: number }) => unknown
  >();
  answerQuestions(
    {
      onQuestion: (kind, handler) => {
        handlers.set(kind, handler);
        return () => {};
      },
    },
    memberAnswers(
      media,
      {
        drain: () => false,
        drainProgress: async () => ({
          draining: false,
          publishers: 0,
          relays: 0,
          players: 0,
          stillHere: [],
          unanswered: [],
        }),
        cancelDrain: () => false,
        setLogLevel: () => {},
        reload: async () => ({ done: false, problems: [] }),
        ...control,
      },
      {
        watched: {
          directory: { self, owners: () => [] },
          events: new EventLog('abc', () => 0),
          relays: new RelayBook(),
          members: () => [],
        },
        ...knowledge,
      } as MemberKnowledge,
    ),
    () => {},
  );
  const answer = async (kind: string, payload: unknown): Promise<unknown> =>
    JSON.parse(JSON.stringify(await handlers.get(kind)?.(payload, { from: self, bytesMax: 1_000_000 })));
  return new MeshWide({
    ask: async (member, kind, payload) => {
      if (member !== self) return { isAnswered: false, reason: 'not-connected' };
      return await answer(kind, payload).then(
        (payload) => ({ isAnswered: true, payload }),
        () => ({ isAnswered: false, reason: 'failed' }),
      );
    },
    askAll: async (kind, payload) =>
      await answer(kind, payload).then(
        (payload) => ({ answers: [{ member: self, payload }], missing: [] }),
        () => ({ answers: [], missing: [{ member: self, reason: 'failed' }] }),
      ),
    onQuestion: () => () => {},
  });
}

/** A member that shows this directory, and nothing else unless it is told to. */
export function madeSource(directory: Directory, overrides: Partial<ApiSource> = {}): ApiSource {
  const { media = mediaOf() } = overrides;
  return {
    name: 'made',
    mesh: questionsAlone(directory.self, { ask: { ...mediaOf().ask, ...media.ask } }),
    events: new EventLog('abc', () => 0),
    meshEvents: unwatched(),
    directory,
    members: () => [],
    status: () => ({ joined: true, synced: true, disputed: false }),
    media,
    access: () => OPEN_ACCESS,
    isDraining: () => false,
    route: (request) => route(directory, { ...request, mode: 'auto' }),
    resolveVhost: () => '__defaultVhost__',
    ...overrides,
  };
}

const unwatched = () => ({ log: new EventLog('abcm', () => 0), watch: () => () => {} });

export const emptyDirectory = (profile: MemberProfile): Directory =>
  new Directory('id-c', profile, { membersMax: 9, streamsPerMemberMax: 9 });
