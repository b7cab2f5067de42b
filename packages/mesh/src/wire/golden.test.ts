import { createPublicKey, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BroadcastMessage, DirectMessage } from '../core/messages.js';
import { frame } from '../transport/frames.js';
import { TOPIC } from '../transport/gossip.js';
import { QUERY_PROTOCOL } from '../transport/libp2p-query-streams.js';
import { PROTOCOL_NAME } from '../transport/libp2p-transport.js';
import { withLength } from '../transport/message-reader.js';
import { type Decoded, decodeBroadcast, decodeDirect, encode, KINDS } from './codec.js';
import { Opener } from './envelope.js';
import {
  decodeQuestion,
  decodeReply,
  encodeQuery,
  QUERY_KINDS,
  type Question,
  REFUSAL_CODES,
  type Reply,
} from './query-codec.js';
import { AUTHOR, BROADCAST_EXAMPLES, DIRECT_EXAMPLES } from './testing/example-messages.js';
import { QUERY_EXAMPLES } from './testing/example-queries.js';
import { GOLDEN_KEY, type Golden, type GoldenMessage, goldenSealer, toJson } from './testing/golden.js';

const at = (path: string): URL => new URL(path, import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(at(path), 'utf8'));

const { version } = read('../../package.json') as { version: string };
const releases = readdirSync(at('golden')).map((name) => read(`golden/${name}`) as Golden);
const bytesOf = ({ bytes }: GoldenMessage): Uint8Array => Buffer.from(bytes, 'hex');

/** Author of what is signed: the id of `GOLDEN_KEY`. */
const SIGNER = '12D3KooWJnv62ojTG8pctybsVMjQu9SwroUkapR9H2nXzCzt1GTK';

type Message = DirectMessage | BroadcastMessage | Question | Reply;

function decode({ channel, ...golden }: GoldenMessage): Decoded<Message> {
  const bytes = bytesOf({ channel, ...golden });
  if (channel === 'query') {
    const question = decodeQuestion(bytes);
    return question.kind === 'unknown' ? decodeReply(bytes) : question;
  }
  if (channel === 'direct') return decodeDirect(bytes, AUTHOR);
  if (channel === 'broadcast') return decodeBroadcast(bytes, AUTHOR);
  const opened = new Opener().open(bytes);
  if (opened === null) throw new Error('its envelope is not genuine');
  expect(opened.author).toBe(SIGNER);
  return decodeBroadcast(opened.message, AUTHOR);
}

/** A message as it is written today. */
function rewritten({ channel }: GoldenMessage, message: Message): string {
  const bytes =
    channel === 'query' ? encodeQuery(message as Question | Reply) : encode(message as DirectMessage);
  return Buffer.from(channel === 'signed' ? goldenSealer().seal(bytes) : bytes).toString('hex');
}

describe.each(releases)('what release $release wrote', ({ messages }) => {
  it.each(messages)('is read as it was meant, and written no other way: $channel, $name', (golden) => {
    const decoded = decode(golden);
    if (decoded.kind !== 'message') throw new Error(JSON.stringify(decoded));
    expect(toJson(decoded.message)).toEqual(golden.meaning);
    expect(rewritten(golden, decoded.message)).toBe(golden.bytes);
  });

  it.each(messages.filter(({ channel }) => channel === 'signed'))(
    'is signed with its purpose: $name',
    (golden) => {
      const envelope = bytesOf(golden);
      const purpose = Buffer.from('headwater/mesh/1/broadcast\0');
      const signed = Buffer.concat([purpose, envelope.subarray(97)]);
      const key = createPublicKey(GOLDEN_KEY);
      expect(verify(null, signed, key, envelope.subarray(33, 97))).toBe(true);
      expect(envelope[0]).toBe(1);
      expect(Buffer.from(envelope.subarray(1, 33)).toString('base64url')).toBe(
        key.export({ format: 'jwk' }).x,
      );
    },
  );
});

describe('golden files', () => {
  const ofThis = releases.find(({ release }) => release === version)?.messages ?? [];
  const namesIn = (channel: string): string[] =>
    ofThis
      .filter((message) => message.channel === channel)
      .map(({ name }) => name)
      .sort();
  const namesOf = (examples: object): string[] => Object.keys(examples).sort();

  it('have every example of this release (npm run golden)', () => {
    expect(namesIn('direct')).toEqual(namesOf(DIRECT_EXAMPLES));
    expect(namesIn('broadcast')).toEqual(namesOf(BROADCAST_EXAMPLES));
    expect(namesIn('signed')).toEqual(namesOf(BROADCAST_EXAMPLES));
    expect(namesIn('query')).toEqual(namesOf(QUERY_EXAMPLES));
  });

  it('have every kind of message', () => {
    const kinds = ofThis.map(({ meaning }) => (meaning as { kind: string }).kind);
    expect(new Set(kinds)).toEqual(new Set([...Object.keys(KINDS), ...Object.keys(QUERY_KINDS)]));
  });
});

describe('names and frames on the wire', () => {
  it('are as they were in version 1', () => {
    expect(PROTOCOL_NAME).toBe('/headwater/mesh/1');
    expect(TOPIC).toBe('headwater/1/deltas');
    expect(QUERY_PROTOCOL).toBe('/headwater/query/1');
    expect(Buffer.from(withLength(Buffer.from('abc'))).toString('hex')).toBe('00000003616263');
    expect(QUERY_KINDS).toEqual({ question: 1, answer: 2, refusal: 3 });
    expect(REFUSAL_CODES).toEqual([
      'failed',
      'unknown-question',
      'busy',
      'bad-question',
      'too-large',
      'not-greeted',
    ]);
    expect(Buffer.from(frame(0, Buffer.from('abc'))).toString('hex')).toBe('0000000400616263');
    expect(Buffer.from(frame(1, Buffer.from('abc'))).toString('hex')).toBe('0000000401616263');
    expect(KINDS).toEqual({
      hello: 1,
      heartbeat: 2,
      roster: 3,
      pull: 4,
      more: 5,
      'delta-part': 6,
      'snapshot-part': 7,
      leave: 8,
      delta: 9,
      ask: 10,
      words: 11,
    });
  });
});
