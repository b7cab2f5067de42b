import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { profileOf } from '@headwater/testing/profile-of';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Input } from './core/input.js';
import { MemberCore } from './core/member-core.js';
import type { Ask, DirectMessage } from './core/messages.js';
import { type Identity, loadIdentity } from './identity.js';
import { RunningMember } from './running-member.js';
import type { Transport } from './transport/transport.js';
import { decodeDirect, encode } from './wire/codec.js';
import { Opener, Sealer } from './wire/envelope.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const KEY = 'v/live/s1';
let dir: string;
let owner: Identity;
let helper: Identity;
let member: RunningMember;
let warnings: unknown[];
let errors: { readonly msg: string; readonly fields: object }[];
let disconnects: string[];
let core: MemberCore;
let asks: Ask[];
/** Generations that are to be kept, and how that ends. */
let kept: { readonly generation: number; readonly end: (error?: Error) => void }[];

const sealerOf = ({ privateKey, publicKeyBytes }: Identity): Sealer => new Sealer(privateKey, publicKeyBytes);

function transportOf(self: string, sent: (message: DirectMessage) => void): Transport {
  return {
    self,
    port: 1,
    dial() {},
    visit() {},
    send: (peer, bytes) => {
      const decoded = decodeDirect(bytes, peer);
      if (decoded.kind === 'message') sent(decoded.message);
    },
    broadcast() {},
    disconnect() {},
    close: async () => {},
  };
}

const coreOf = (self: string, batchMs: number): MemberCore =>
  new MemberCore(
    {
      self,
      generation: 1,
      profile: profileOf('self'),
      addresses: [],
      seeds: [],
      heartbeatMs: 800,
      suspectAfterMs: 1_800,
      deadAfterMs: 900,
      batchMs,
      random: () => 0,
    },
    performance.now(),
  );

/** A member whose transport keeps what it is told, and who met the owner and the helper, and lost the owner. */
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headwater-running-'));
  const self = await loadIdentity(join(dir, 'self'), 1, quiet);
  owner = await loadIdentity(join(dir, 'owner'), 1, quiet);
  helper = await loadIdentity(join(dir, 'helper'), 1, quiet);
  warnings = [];
  asks = [];
  kept = [];
  errors = [];
  disconnects = [];
  const log = {
    ...quiet,
    warn: (fields: object) => warnings.push(fields),
    error: (fields: object, msg: string) => errors.push({ msg, fields }),
  };
  const keep = (generation: number): Promise<void> =>
    new Promise((resolve, reject) => {
      kept.push({ generation, end: (error) => (error ? reject(error) : resolve()) });
    });
  member = new RunningMember(sealerOf(self), new Opener(), log, keep);
  const transport: Transport = {
    ...transportOf(self.id, (message) => {
      if (message.kind === 'ask') asks.push(message);
    }),
    disconnect: (peer) => disconnects.push(peer),
  };
  core = coreOf(self.id, 3);
  member.start(core, transport);
  for (const { id } of [owner, helper]) {
    member.transportEvents.connected(id, {});
    const position = { generation: 1, version: 0 };
    say(id, { kind: 'hello', name: id, program: '', position, addresses: [], members: [] });
  }
  member.transportEvents.disconnected(owner.id, 'reset');
  await awaitCondition('it to ask', () => asks.length === 1);
});

afterEach(async () => {
  await member.stop();
  await rm(dir, { recursive: true });
});

const say = (from: string, message: DirectMessage): void =>
  member.transportEvents.direct(from, encode(message));

function handOn(sealer: Sealer): void {
  const entries = [
    { kind: 'profile', version: 1, profile: profileOf('owner') },
    { kind: 'claim', version: 2, claim: { key: KEY, sinceMs: 1, media: {} } },
  ] as const;
  const delta = { member: owner.id, generation: 1, from: 0, to: 2, entries };
  const envelopes = [sealer.seal(encode({ kind: 'delta', delta }))];
  say(helper.id, { kind: 'words', ask: asks[0]?.ask ?? 0, last: true, envelopes });
}

describe("another member's words", () => {
  it('are taken where that member signed them', () => {
    handOn(sealerOf(owner));
    expect(member.directory.owners(KEY)).toMatchObject([{ member: owner.id }]);
  });

  it("are not taken under the giver's signature", () => {
    handOn(sealerOf(helper));
    expect(member.directory.owners(KEY)).toEqual([]);
    expect(warnings).toContainEqual(
      expect.objectContaining({ reason: 'handed on words of another member than asked for' }),
    );
  });

  it("are not taken under a forged signature, which is the giver's offence", () => {
    handOn(new Sealer(helper.privateKey, owner.publicKeyBytes));
    expect(member.directory.owners(KEY)).toEqual([]);
    expect(warnings).toContainEqual(
      expect.objectContaining({ member: helper.id, reason: 'handed on words without a valid signature' }),
    );
  });
});

describe('a newer generation', () => {
  const own = (): number | undefined => member.directory.member(member.id)?.position.generation;

  beforeEach(async () => {
    const members = [
      { id: member.id, position: { generation: 7, version: 1 }, addresses: ['elsewhere:1'], heard: false },
    ];
    const says = setInterval(() => say(helper.id, { kind: 'roster', members }), 200);
    await awaitCondition('it to be kept', () => kept.length > 0).finally(() => clearInterval(says));
  });

  it('is kept first, and is its own then', async () => {
    expect([kept.length, kept[0]?.generation, own()]).toEqual([1, 8, 1]);
    expect(member.disputed).toMatchObject({ generation: 7, by: [helper.id] });
    kept[0]?.end();
    await awaitCondition('it to be taken', () => own() === 8);
    expect(member.disputed).toBeNull();
  });

  it('is its own also where it cannot be kept, and people are told', async () => {
    kept[0]?.end(new Error('no space left on device'));
    await awaitCondition('it to be taken', () => own() === 8);
    expect(warnings).toContainEqual(
      expect.objectContaining({ generation: 8, reason: 'no space left on device' }),
    );
  });
});
describe('a fault in what a member sent', () => {
  /** Makes the core fail as a bug would. */
  function plant(isMeant: (input: Input) => boolean): void {
    const step = core.step.bind(core);
    core.step = (input, now) => {
      if (isMeant(input)) throw new TypeError('planted');
      return step(input, now);
    };
  }
  const roster: DirectMessage = { kind: 'roster', members: [] };

  it('costs that member its connection, and nobody else', () => {
    plant((input) => input.kind === 'direct' && input.message.kind === 'roster' && input.peer === helper.id);
    say(helper.id, roster);
    expect(disconnects).toEqual([helper.id]);
    expect(errors).toMatchObject([
      {
        msg: 'connection with a member ended by a fault',
        fields: { peer: helper.id, faults: 1, err: { message: 'planted' } },
      },
    ]);
    handOn(sealerOf(owner));
    expect(member.directory.owners(KEY)).toMatchObject([{ member: owner.id }]);
  });

  it('is not hidden where no member did it: the process is to end', () => {
    plant((input) => input.kind === 'claim');
    expect(() => member.claim({ key: KEY, sinceMs: 1, media: {} })).toThrow('planted');
  });

  it('does not keep this one from leaving', async () => {
    plant((input) => input.kind === 'leave');
    await member.stop();
    expect(errors).toMatchObject([{ msg: 'mesh did not say leave' }]);
  });
});

it('goes on at once with what is done in slices, though other work is planned for later', async () => {
  vi.useFakeTimers();
  const parts: number[] = [];
  const busy = new RunningMember(sealerOf(helper), new Opener(), quiet);
  const transport = transportOf(helper.id, (message) => {
    if (message.kind === 'delta-part') parts.push(message.index);
  });
  busy.start(coreOf(helper.id, 400), transport);
  busy.transportEvents.connected(owner.id, {});
  const position = { generation: 1, version: 0 };
  const hello = { kind: 'hello', name: 'o', program: '', position, addresses: [], members: [] } as const;
  busy.transportEvents.direct(owner.id, encode(hello));
  for (let index = 0; index < 3_000; index += 1)
    busy.claim({ key: `v/app/some-longer-stream-name-${index}`, sinceMs: 1, media: {} });
  vi.advanceTimersByTime(2_000);
  busy.claim({ key: KEY, sinceMs: 1, media: {} });
  // This one is planned: the one before went out at once.
  busy.claim({ key: KEY, sinceMs: 2, media: {} });
  busy.transportEvents.direct(owner.id, encode({ kind: 'pull', pull: 1, held: position }));
  expect(parts).toEqual([0]);
  vi.advanceTimersByTime(2);
  expect(parts.slice(0, 3)).toEqual([0, 1, 2]);
  vi.useRealTimers();
  await busy.stop();
});
