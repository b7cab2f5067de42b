import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadIdentity } from './identity.js';
import { meshKeys } from './mesh-key.js';
import { ANSWERED_PER_MEMBER_MAX, ASKED_PER_MEMBER_MAX, QUESTION_BYTES_MAX } from './query/query-limits.js';
import { Meshes, type TestMember } from './testing/meshes.js';
import { type NextMember, startNextMember } from './testing/next-member.js';
import { Admission } from './transport/admission.js';
import { DIRECT, frame } from './transport/frames.js';
import { KeyRing } from './transport/key-ring.js';
import { createNode, type Node } from './transport/libp2p-node.js';
import { Libp2pQueryStreams, QUERY_PROTOCOL } from './transport/libp2p-query-streams.js';
import { PROTOCOL_NAME } from './transport/libp2p-transport.js';
import { withLength } from './transport/message-reader.js';
import { encode } from './wire/codec.js';
import { decodeReply, encodeQuery, type Question } from './wire/query-codec.js';

let meshes: Meshes;
beforeEach(() => {
  meshes = new Meshes();
});
afterEach(() => meshes.close());

const addressOf = ({ mesh }: TestMember): string => `127.0.0.1:${mesh.port}`;
const isWhole = (members: readonly TestMember[]): boolean =>
  members.every(({ mesh }) =>
    members.every((other) => mesh.directory.member(other.mesh.id)?.liveness === 'alive'),
  );

async function three(): Promise<[TestMember, TestMember, TestMember]> {
  const a = await meshes.start('a', []);
  const b = await meshes.start('b', [addressOf(a)]);
  const c = await meshes.start('c', [addressOf(a)]);
  await awaitCondition('three members form', () => isWhole([a, b, c]));
  return [a, b, c];
}

/** A deadline that no test reaches: whoever does not answer at all is another matter. */
const PATIENT = { deadlineMs: 30_000 };

describe('questions', () => {
  it('go to one member or to all, this one too, and come back with what each answers', async () => {
    const members = await three();
    const [a, b, c] = members;
    for (const { name, mesh } of members)
      mesh.onQuestion('who', (payload, { from }) => ({ name, payload, from }));
    const question = { text: 'ä', list: [1, null, { deep: true }] };
    expect(await a.mesh.ask(b.mesh.id, 'who', question, PATIENT)).toEqual({
      isAnswered: true,
      payload: { name: 'b', payload: question, from: a.mesh.id },
    });
    const { answers, missing } = await c.mesh.askAll('who', 1, PATIENT);
    expect(missing).toEqual([]);
    expect(answers.map(({ member, payload }) => [member, (payload as { name: string }).name]).sort()).toEqual(
      members.map(({ name, mesh }) => [mesh.id, name]).sort(),
    );
  });

  it('carry answers of any size up to the limit, and refuse what is larger', async () => {
    const [a, b] = await three();
    b.mesh.onQuestion('fill', (payload, { bytesMax }) => 'x'.repeat(bytesMax - 2 + Number(payload)));
    const full = await a.mesh.ask(b.mesh.id, 'fill', 0, PATIENT);
    expect(full.isAnswered && String(full.payload).length).toBeGreaterThan(1_000_000);
    const beyond = await a.mesh.ask(b.mesh.id, 'fill', 1, PATIENT);
    expect(beyond).toEqual({ isAnswered: false, reason: 'too-large' });
    const long = await a.mesh.ask(b.mesh.id, 'fill', 'x'.repeat(QUESTION_BYTES_MAX), PATIENT);
    expect(long).toEqual({ isAnswered: false, reason: 'too-large' });
  });

  it('name who does not answer, and why', async () => {
    const proxy = await meshes.proxy();
    const [a, b, c] = await three();
    const hung = await meshes.startBehind('hung', proxy, []);
    a.mesh.onQuestion('q', () => 'a');
    b.mesh.onQuestion('q', () => Promise.reject(new Error('secret detail')));
    const old = await startOld(addressOf(a));
    try {
      await awaitCondition(
        'the old one is there',
        () => a.mesh.directory.member(old.mesh.id)?.liveness === 'alive',
      );
      expect(await a.mesh.ask(hung.mesh.id, 'q', null)).toEqual({
        isAnswered: false,
        reason: 'not-connected',
      });
      expect(await a.mesh.ask('nobody', 'q', null)).toEqual({ isAnswered: false, reason: 'not-connected' });
      const { answers, missing } = await a.mesh.askAll('q', null, PATIENT);
      expect(answers).toEqual([{ member: a.mesh.id, payload: 'a' }]);
      const reasons = new Map(missing.map(({ member, reason }) => [member, reason]));
      expect(reasons).toEqual(
        new Map([
          [b.mesh.id, 'failed'],
          [c.mesh.id, 'unknown-question'],
          [old.mesh.id, 'not-supported'],
        ]),
      );
      expect(b.lines.filter(({ msg }) => msg === 'question not answered')).toHaveLength(1);
    } finally {
      await old.stop();
    }
  });

  it('do not wait for a member that hangs', async () => {
    const patience = { suspectAfterMs: 60_000, deadAfterMs: 60_000 };
    const [toA, toB] = [await meshes.proxy(), await meshes.proxy()];
    const a = await meshes.startBehind('a', toA, [], patience);
    const b = await meshes.startBehind('b', toB, [toA.address], patience);
    await awaitCondition('they met', () => isWhole([a, b]));
    for (const { mesh, name } of [a, b]) mesh.onQuestion('q', () => name);
    expect((await a.mesh.askAll('q', null, PATIENT)).missing).toEqual([]);
    for (const proxy of [toA, toB]) proxy.hang(true);
    const { answers, missing } = await a.mesh.askAll('q', null);
    expect(answers).toEqual([{ member: a.mesh.id, payload: 'a' }]);
    expect(missing).toEqual([{ member: b.mesh.id, reason: 'deadline' }]);
    for (const proxy of [toA, toB]) proxy.hang(false);
    expect(await a.mesh.ask(b.mesh.id, 'q', null, PATIENT)).toEqual({ isAnswered: true, payload: 'b' });
  });

  it('end at once when the member goes while it thinks', async () => {
    const [a, b] = await three();
    let isAsked = false;
    b.mesh.onQuestion('slow', () => {
      isAsked = true;
      return new Promise(() => {});
    });
    const answer = a.mesh.ask(b.mesh.id, 'slow', null, PATIENT);
    await awaitCondition('it is asked', () => isAsked);
    await b.mesh.stop();
    expect(await answer).toEqual({ isAnswered: false, reason: 'connection-lost' });
  });

  it('are bounded for each member that is asked', async () => {
    const [a, b, c] = await three();
    let waiting: (() => void)[] = [];
    b.mesh.onQuestion('slow', () => new Promise<void>((resolve) => waiting.push(resolve)));
    c.mesh.onQuestion('slow', () => 'c');
    const asked = Array.from({ length: ASKED_PER_MEMBER_MAX + 2 }, () =>
      a.mesh.ask(b.mesh.id, 'slow', null, PATIENT),
    );
    await awaitCondition('it is asked', () => waiting.length === ASKED_PER_MEMBER_MAX);
    expect(await a.mesh.ask(c.mesh.id, 'slow', null, PATIENT)).toEqual({ isAnswered: true, payload: 'c' });
    for (const answer of waiting) answer();
    const busy = (await Promise.all(asked)).filter((each) => !each.isAnswered);
    expect(busy).toEqual(Array(2).fill({ isAnswered: false, reason: 'busy' }));
    waiting = [];
    const again = a.mesh.ask(b.mesh.id, 'slow', null, PATIENT);
    await awaitCondition('there is room again', () => waiting.length === 1);
    waiting[0]?.();
    expect(await again).toEqual({ isAnswered: true, payload: null });
  });
});

/** A member of a release that answers no questions. */
const startOld = (seed: string): Promise<NextMember> => startNextMember('old', [seed]);

describe('whoever asks with the mesh key', () => {
  let dir: string;
  let node: Node | undefined;
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'headwater-asking-'));
  });
  afterEach(async () => {
    await node?.stop();
    await rm(dir, { recursive: true });
  });

  interface Asker {
    readonly id: string;
    readonly connection: Connection;
    readonly greet: () => Promise<void>;
  }

  async function askerOf({ mesh }: TestMember): Promise<Asker> {
    const identity = await loadIdentity(dir, 1, quiet);
    const keys = meshKeys(undefined, '127.0.0.1');
    const options = { host: '127.0.0.1', port: 0, privateKey: identity.libp2pKey };
    const admission = new Admission(identity.id, quiet, () => performance.now());
    node = await createNode(options, new KeyRing(keys, admission), admission);
    const connection = await node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${mesh.port}`));
    const stream = await connection.newStream(PROTOCOL_NAME);
    const greet = async (): Promise<void> => {
      const position = { generation: 1, version: 0 };
      const hello = {
        kind: 'hello',
        name: 'mallory',
        program: '',
        position,
        addresses: [],
        members: [],
      } as const;
      stream.send(frame(DIRECT, encode(hello)));
      await awaitCondition('it is greeted', () => mesh.directory.member(identity.id)?.liveness === 'alive');
    };
    return { id: identity.id, connection, greet };
  }

  const question = (more: Partial<Question> = {}): Uint8Array =>
    encodeQuery({
      kind: 'question',
      name: 'q',
      deadlineMs: 30_000,
      answerBytesMax: 1_000_000,
      body: Buffer.from('null'),
      ...more,
    });

  /** The reply to these bytes; null where the stream is closed without one. */
  async function replyTo({ connection, id }: Asker, bytes: Uint8Array): Promise<unknown> {
    const streams = new Libp2pQueryStreams({ handle: async () => {} }, () => connection);
    const reply = await streams.ask(id, bytes, 1_048_576, AbortSignal.timeout(60_000)).catch(() => null);
    return reply === null ? null : decodeReply(reply);
  }

  it('is answered only once it said hello', async () => {
    const a = await meshes.start('a', []);
    a.mesh.onQuestion('q', () => 1);
    const asker = await askerOf(a);
    expect(await replyTo(asker, question())).toMatchObject({
      message: { kind: 'refusal', code: 'not-greeted' },
    });
    await asker.greet();
    expect(await replyTo(asker, question())).toMatchObject({ message: { kind: 'answer' } });
  });

  it('hears what is wrong with its question, and it is counted as an offence', async () => {
    const a = await meshes.start('a', []);
    a.mesh.onQuestion('q', () => 1);
    const asker = await askerOf(a);
    await asker.greet();
    const badQuestion = { message: { kind: 'refusal', code: 'bad-question' } };
    expect(await replyTo(asker, Buffer.of(0xc1))).toMatchObject(badQuestion);
    expect(await replyTo(asker, question({ body: Buffer.from('{') }))).toMatchObject(badQuestion);
    expect(await replyTo(asker, question({ body: Buffer.of(0x22, 0xff, 0x22) }))).toMatchObject(badQuestion);
    expect(await replyTo(asker, Buffer.alloc(QUESTION_BYTES_MAX + 1))).toBeNull();
    const dropped = a.lines.filter(({ msg }) => msg === 'message dropped');
    expect(dropped.length).toBeGreaterThan(2);
    expect(await replyTo(asker, question({ name: 'of a later release' }))).toMatchObject({
      message: { kind: 'refusal', code: 'unknown-question' },
    });
  });

  it('cannot have more under way at once than its share', async () => {
    const a = await meshes.start('a', []);
    const waiting: (() => void)[] = [];
    a.mesh.onQuestion('q', () => new Promise<void>((resolve) => waiting.push(resolve)));
    const asker = await askerOf(a);
    await asker.greet();
    const replies = Array.from({ length: ANSWERED_PER_MEMBER_MAX }, () => replyTo(asker, question()));
    await awaitCondition('all are under way', () => waiting.length === ANSWERED_PER_MEMBER_MAX);
    expect(await replyTo(asker, question())).toMatchObject({ message: { code: 'busy' } });
    for (const answer of waiting) answer();
    for (const reply of await Promise.all(replies))
      expect(reply).toMatchObject({ message: { kind: 'answer' } });
  });

  it('cannot keep streams open without asking', async () => {
    // It answers no heartbeats.
    const a = await meshes.start('a', [], { suspectAfterMs: 60_000, deadAfterMs: 60_000 });
    const asker = await askerOf(a);
    await asker.greet();
    const mute: Stream[] = [];
    for (let count = 0; count < 40; count += 1) {
      const stream = await asker.connection.newStream(QUERY_PROTOCOL).catch(() => null);
      if (stream !== null) mute.push(stream);
    }
    mute[0]?.send(withLength(question()).subarray(0, 9));
    await awaitCondition('they are closed', () => mute.every(({ status }) => status !== 'open'));
    expect(await replyTo(asker, question())).toMatchObject({ message: { code: 'unknown-question' } });
  });
});
