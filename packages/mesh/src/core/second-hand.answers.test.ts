import type { Delta, Entry } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Effects } from './effects.js';
import { PART_BYTES_MAX } from './limits.js';
import type { Ask, Words } from './messages.js';
import { KEY, LoneCore, OWN_GENERATION } from './testing/lone-core.js';

let core: LoneCore;
beforeEach(() => {
  core = new LoneCore();
});

const offencesIn = ({ facts }: Effects): unknown[] =>
  facts.filter(({ msg }) => msg === 'message dropped').map(({ fields }) => fields.reason);

/** A member's next entry after version `from`. */
const deltaOf = (member: string, from: number, { generation = 1, key = KEY } = {}): Delta => {
  const version = from + 1;
  const entry: Entry =
    from === 0
      ? { kind: 'profile', version, profile: profileOf(member) }
      : { kind: 'claim', version, claim: { key, sinceMs: 1, media: {} } };
  return { member, generation, from, to: version, entries: [entry] };
};

const news = (delta: Delta, signedBytes: Uint8Array = Uint8Array.of(delta.to)): Effects =>
  core.step((step) =>
    core.secondHand.news(core.peer(delta.member), { kind: 'delta', delta }, signedBytes, step),
  );

describe('who asks for the words of another one', () => {
  const ask = (owner: string, version = 0): Words[] => {
    const question: Ask = { kind: 'ask', ask: 7, owner, held: { generation: 1, version } };
    return core
      .step((step) => core.secondHand.heardAsk(core.peer('b'), question, step))
      .sends.flatMap(({ to, message }) => (to === 'b' && message.kind === 'words' ? [message] : []));
  };
  const NOTHING = [{ kind: 'words', ask: 7, last: true, envelopes: [] }];

  beforeEach(() => {
    for (const id of ['a', 'b']) core.greet(id);
  });

  it('is given the envelopes that lead on from there', () => {
    for (const from of [0, 1, 2]) news(deltaOf('a', from));
    const envelopes = [Uint8Array.of(2), Uint8Array.of(3)];
    expect(ask('a', 1)).toEqual([{ kind: 'words', ask: 7, last: true, envelopes }]);
  });

  it('is told that there are none, also of a member that nobody knows here', () => {
    expect(ask('a')).toEqual(NOTHING);
    expect(ask('nobody')).toEqual(NOTHING);
  });

  /** Of two envelopes of one length, with what the list of them takes: so many that both fit in one message. */
  const FITS = PART_BYTES_MAX / 2 - 5;

  it.each([
    ['one message where they fit', FITS, [2, 1]],
    ['as many as it takes', FITS + 1, [1, 1, 1]],
  ])('is given long ones in %s, each once, and the last one says so', (_, bytes, counts) => {
    for (const from of [0, 1, 2]) news(deltaOf('a', from), new Uint8Array(bytes).fill(from));
    const parts = ask('a');
    expect(parts.map(({ envelopes }) => envelopes.length)).toEqual(counts);
    const given = parts.flatMap(({ envelopes }) => envelopes);
    expect(given.map(({ byteLength, 0: first }) => [byteLength, first])).toEqual(
      [0, 1, 2].map((from) => [bytes, from]),
    );
    expect(parts.map(({ last }) => last)).toEqual(counts.map((_one, index) => index === counts.length - 1));
  });

  it('is not given what is refused here', () => {
    core = new LoneCore({ streamsPerMemberMax: 1 });
    for (const id of ['a', 'b']) core.greet(id);
    for (const from of [0, 1]) news(deltaOf('a', from));
    expect(news(deltaOf('a', 2, { key: `${KEY}2` })).facts).toMatchObject([{ msg: 'member over a limit' }]);
    expect(ask('a')[0]?.envelopes).toHaveLength(2);
  });
});

describe('words handed on', () => {
  const hear = (ask: number, ...envelopes: readonly Uint8Array[]): Effects =>
    core.step((step) =>
      core.secondHand.heardWords(core.peer('b'), { kind: 'words', ask, last: true, envelopes }, step),
    );

  beforeEach(() => {
    core.greet('b');
  });

  it('that were asked for are checked', () => {
    core.greet('gone');
    core.disconnect('gone');
    core.step((step) => core.secondHand.tick(step));
    const signedBytes = Uint8Array.of(1, 2, 3);
    expect(hear(OWN_GENERATION + 1, signedBytes).verifications).toEqual([{ via: 'b', signedBytes }]);
  });

  it.each([
    ['that nobody can have asked for are an offence', 1, ['handed on words that nobody asked for']],
    ['that the last start may have asked for are not', 0, []],
    ['that an earlier one may have asked for are not', -100, []],
  ])('%s, and are not checked', (_, later, offences) => {
    const effects = hear(OWN_GENERATION + later, Uint8Array.of(1));
    expect([offencesIn(effects), effects.verifications]).toEqual([offences, []]);
  });
});

describe('an envelope that was handed on', () => {
  /** `b` was asked for the words of `gone` after version 5 of generation 10. */
  beforeEach(() => {
    core.greet('b');
    core.greet('gone', { generation: 10 });
    core.directory.apply({ member: 'gone', generation: 10, from: 0, to: 5, entries: [] });
    core.disconnect('gone');
    core.step((step) => core.secondHand.tick(step));
  });

  const OLD = 'handed on old words';
  const OTHERS = 'handed on words of another member than asked for';

  it.each([
    ['is taken where it leads on', { to: 6 }, []],
    ['is taken where it is of a newer start, which has said less', { generation: 11, to: 1 }, []],
    ['is an offence where it is known', { to: 5 }, [OLD]],
    ['is an offence where it is of an older start, which had said more', { generation: 9, to: 9 }, [OLD]],
    ['is an offence where another one signed it', { to: 6, author: 'b' }, [OTHERS]],
    ['is an offence where it is about another one', { to: 6, member: 'b' }, [OTHERS]],
  ])(
    '%s',
    (_, {
      generation = 10,
      to,
      author = 'gone',
      member = 'gone',
    }: Partial<Delta> & { author?: string }, offences) => {
      const message = { kind: 'delta', delta: { ...deltaOf(member, (to ?? 0) - 1), generation } } as const;
      const words = { peer: 'b', author, message, signedBytes: new Uint8Array() };
      let owner: unknown;
      const effects = core.step((step) => {
        owner = core.secondHand.ownerOf(words, step);
      });
      expect([owner === core.peer('gone'), offencesIn(effects)]).toEqual([offences.length === 0, offences]);
      expect(owner === null).toBe(offences.length > 0);
    },
  );

  it.each([
    ['a member that is forgotten meanwhile', 'nobody'],
    ['a connection on which nothing was asked for', 'c'],
  ])('by %s is nobody’s, without blame', (_, peer) => {
    core.greet('c');
    const message = { kind: 'delta', delta: deltaOf('gone', 5, { generation: 10 }) } as const;
    const effects = core.step((step) => {
      const words = { peer, author: 'gone', message, signedBytes: new Uint8Array() };
      expect(core.secondHand.ownerOf(words, step)).toBeNull();
    });
    expect(effects.facts).toEqual([]);
  });
});

describe('news of a member', () => {
  beforeEach(() => {
    core.greet('a');
  });

  it('show that it said something, where they are new', () => {
    core.now += 100;
    news(deltaOf('a', 0));
    expect(core.peer('a').ownWordAt).toBe(core.now);
    core.now += 100;
    news(deltaOf('a', 0));
    expect(core.peer('a').ownWordAt).toBe(core.now - 100);
    news(deltaOf('a', 4));
    expect(core.peer('a').ownWordAt).toBe(core.now - 100);
  });

  it('change whose streams are found', () => {
    news(deltaOf('a', 0));
    expect([...news(deltaOf('a', 1)).changedStreams]).toEqual([KEY]);
    expect(core.directory.owners(KEY)).toHaveLength(1);
  });
});
