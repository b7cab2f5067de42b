import type { Random } from '@headwater/testing/random';
import { awkward32 } from './awkward.js';
import type { Recording } from './record.js';
import { RECORDED_STREAM, type Session } from './session.js';

/** Most changes made to one recording. */
const CHANGES_MAX = 5;
const INSERTED_BYTES_MAX = 400;

/** A recorded session, cut, changed, repeated, reordered, or gone on with by another. */
export function mutated(random: Random, recordings: readonly Recording[], index: number): Session {
  const recording = random.oneOf(recordings);
  let writes = pieces(random, recording.writes);
  // Most keep their beginning, so that what comes after it is reached.
  const first = random.chance(0.7) ? Math.min(2, writes.length - 1) : 0;
  const changes: string[] = [];
  for (let i = random.below(CHANGES_MAX); i >= 0 && writes.length > first; i -= 1) {
    const change = random.oneOf(CHANGES);
    changes.push(change.name);
    writes = [...writes.slice(0, first), ...change(random, writes.slice(first), recordings)];
  }
  if (random.chance(0.8)) writes = renamed(writes, index);
  return {
    port: recording.port,
    made: `${recording.name}: ${changes.join(', ')}`,
    writes,
    end: random.oneOf(['finish', 'finish', 'reset', 'reset', 'stay', 'deaf']),
  };
}

/** Now and then what was one write comes in many, or all of it in one. */
function pieces(random: Random, writes: readonly Buffer[]): Buffer[] {
  if (random.chance(0.1)) return [Buffer.concat(writes)];
  if (!random.chance(0.2)) return [...writes];
  const bytes = Buffer.concat(writes);
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length && cut.length < 200; ) {
    const size = 1 + random.below(random.oneOf([3, 50, 600, 4000]));
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}

type Change = (random: Random, writes: Buffer[], recordings: readonly Recording[]) => Buffer[];

function replaced(random: Random, writes: Buffer[], by: (piece: Buffer) => readonly Buffer[]): Buffer[] {
  const at = random.below(writes.length);
  return writes.flatMap((piece, index) => (index === at ? by(Buffer.from(piece)) : [piece]));
}

const CHANGES: readonly Change[] = [
  function flip(random, writes) {
    return replaced(random, writes, (piece) => {
      for (let i = random.below(8); i >= 0 && piece.length > 0; i -= 1)
        piece[random.below(piece.length)] = random.below(256);
      return [piece];
    });
  },
  function flipNearTheStart(random, writes) {
    return replaced(random, writes, (piece) => {
      if (piece.length > 0) piece[random.below(Math.min(16, piece.length))] = random.below(256);
      return [piece];
    });
  },
  function overwriteNumber(random, writes) {
    return replaced(random, writes, (piece) => {
      if (piece.length >= 4) piece.writeUInt32BE(awkward32(random), random.below(piece.length - 3));
      return [piece];
    });
  },
  function cut(random, writes) {
    return replaced(random, writes, (piece) => [piece.subarray(0, random.below(piece.length + 1))]);
  },
  function cutStart(random, writes) {
    return replaced(random, writes, (piece) => [piece.subarray(random.below(piece.length + 1))]);
  },
  function end(random, writes) {
    return writes.slice(0, 1 + random.below(writes.length));
  },
  function drop(random, writes) {
    return replaced(random, writes, () => []);
  },
  function repeat(random, writes) {
    return replaced(random, writes, (piece) => Array.from({ length: 2 + random.below(20) }, () => piece));
  },
  function swap(random, writes) {
    const [from, to] = [random.below(writes.length), random.below(writes.length)];
    return writes.map((piece, index) => writes[index === from ? to : index === to ? from : index] ?? piece);
  },
  function insertNoise(random, writes) {
    return replaced(random, writes, (piece) => {
      const at = random.below(piece.length + 1);
      return [piece.subarray(0, at), random.bytes(random.below(INSERTED_BYTES_MAX)), piece.subarray(at)];
    });
  },
  function goOnAsAnother(random, writes, recordings) {
    const other = random.oneOf(recordings);
    return [
      ...writes.slice(0, random.below(writes.length)),
      ...other.writes.slice(random.below(other.writes.length)),
    ];
  },
];

/** Names a stream of the session's own, in the same number of bytes, so that not all fight for one. */
function renamed(writes: readonly Buffer[], index: number): Buffer[] {
  const name = `f${String(index % 10_000_000).padStart(RECORDED_STREAM.length - 1, '0')}`;
  return writes.map((piece) => {
    let at = piece.indexOf(RECORDED_STREAM);
    if (at < 0) return piece;
    const changed = Buffer.from(piece);
    for (; at >= 0; at = changed.indexOf(RECORDED_STREAM, at + name.length))
      changed.write(name, at, 'latin1');
    return changed;
  });
}
