import { comparePositions, type Entry, type LogPosition, type MemberId } from '@headwater/directory';
import { type Input, MESSAGE_BYTES_MAX, type MemberCore } from '@headwater/mesh/core';
import { encode } from '@headwater/mesh/wire';
import type { Sealing } from './seal.js';

/** Makes a member hand on others' words as one that means ill: changed, old, its own in place of theirs; or as they are. */
export function lyingAboutOthers(core: MemberCore, random: () => number, sealing: Sealing): MemberCore {
  const step = core.step.bind(core);
  const overheard: Overheard[] = [];
  core.step = (input, now) => {
    if (input.kind === 'broadcast' && overheard.push(input) > OVERHEARD_MAX) overheard.shift();
    const effects = step(input, now);
    if (input.kind !== 'direct' || input.message.kind !== 'ask') return effects;
    const { owner, held, ask } = input.message;
    const truth = effects.sends
      .splice(0)
      .flatMap(({ message }) => (message.kind === 'words' ? message.envelopes : []));
    const lies = [
      () => [forged(core.self, owner, held, sealing)],
      () => truth.map(changed),
      () => overheard.slice(0, 4).map(({ signedBytes }) => signedBytes),
      () => [...truth, ...truth].reverse(),
    ];
    const envelopes = lies[Math.floor(random() * lies.length)]?.() ?? [];
    const say = (last: boolean, what: readonly Uint8Array[]): void =>
      effects.send(input.peer, { kind: 'words', ask, last, envelopes: inOneMessage(what) });
    // Each envelope costs the asker a signature to check: this one does not come to an end of them.
    const [newest] = overheard.filter((one) => isNews(one, owner, held)).slice(-1);
    if (newest && random() < 0.5)
      for (let count = 0; count < FLOOD_MESSAGES; count += 1) say(false, Array(8).fill(newest.signedBytes));
    say(true, envelopes);
    return effects;
  };
  return core;
}

const OVERHEARD_MAX = 20;

/** Of 8 envelopes each. */
const FLOOD_MESSAGES = 12;

type Overheard = Extract<Input, { kind: 'broadcast' }>;

/** What the owner really said, after what the asker has. */
const isNews = ({ author, message }: Overheard, owner: MemberId, held: LogPosition): boolean =>
  author === owner &&
  message.kind === 'delta' &&
  comparePositions({ generation: message.delta.generation, version: message.delta.to }, held) > 0;

/** As many as one message can carry: a longer one nobody could send. */
function inOneMessage(envelopes: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0;
  return envelopes.slice(0, 8).filter(({ byteLength }) => {
    bytes += byteLength + 8;
    return bytes < MESSAGE_BYTES_MAX - 256;
  });
}

/** Signed by the liar, about the owner. */
function forged(
  self: MemberId,
  member: MemberId,
  { generation, version }: LogPosition,
  sealing: Sealing,
): Uint8Array {
  const claim = { key: 'v/stolen/stream', sinceMs: 1, media: {} };
  const entries: Entry[] = [{ kind: 'claim', version: version + 1, claim }];
  return sealing.seal(
    self,
    encode({ kind: 'delta', delta: { member, generation, from: version, to: version + 1, entries } }),
  );
}

const changed = (signedBytes: Uint8Array): Uint8Array =>
  signedBytes.map((byte, index) => (index === signedBytes.byteLength - 1 ? byte ^ 1 : byte));
