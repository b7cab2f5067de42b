import type { Entry, LogPosition, MemberId } from '@headwater/directory';
import { MESSAGE_BYTES_MAX, type MemberCore } from '@headwater/mesh/core';
import { encode } from '@headwater/mesh/wire';
import { seal } from './seal.js';

/** Makes a member hand on others' words as one that means ill: changed, old, its own in place of theirs; or as they are. */
export function lyingAboutOthers(core: MemberCore, random: () => number): MemberCore {
  const step = core.step.bind(core);
  const overheard: Uint8Array[] = [];
  core.step = (input, now) => {
    if (input.kind === 'broadcast' && overheard.push(input.signedBytes) > OVERHEARD_MAX) overheard.shift();
    const effects = step(input, now);
    if (input.kind !== 'direct' || input.message.kind !== 'ask') return effects;
    const { owner, held, ask } = input.message;
    const truth = effects.sends
      .splice(0)
      .flatMap(({ message }) => (message.kind === 'words' ? message.envelopes : []));
    const lies = [
      () => [forged(core.self, owner, held)],
      () => truth.map(changed),
      () => overheard.slice(0, 4),
      () => [...truth, ...truth].reverse(),
    ];
    const envelopes = lies[Math.floor(random() * lies.length)]?.() ?? [];
    effects.send(input.peer, { kind: 'words', ask, last: true, envelopes: inOneMessage(envelopes) });
    return effects;
  };
  return core;
}

const OVERHEARD_MAX = 20;

/** As many as one message can carry: a longer one nobody could send. */
function inOneMessage(envelopes: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0;
  return envelopes.slice(0, 8).filter(({ byteLength }) => {
    bytes += byteLength + 8;
    return bytes < MESSAGE_BYTES_MAX - 256;
  });
}

/** Signed by the liar, about the owner. */
function forged(self: MemberId, member: MemberId, { generation, version }: LogPosition): Uint8Array {
  const claim = { key: 'v/stolen/stream', sinceMs: 1, media: {} };
  const entries: Entry[] = [{ kind: 'claim', version: version + 1, claim }];
  return seal(
    self,
    encode({ kind: 'delta', delta: { member, generation, from: version, to: version + 1, entries } }),
  );
}

const changed = (signedBytes: Uint8Array): Uint8Array =>
  signedBytes.map((byte, index) => (index === signedBytes.byteLength - 1 ? byte ^ 1 : byte));
