import type { StreamKey } from '@headwater/directory';
import type { Missing } from '../questions/mesh-wide.js';
import { type AnswerTo, FIGURES_MAX } from '../questions/questions.js';
import { picturesOf } from '../questions/watched-here.js';
import type { ApiSource } from './api-source.js';
import type { ApiFigures, ApiStreamPage } from './schemas/stream.js';
import { namesOf } from './streams.js';

/** Keys of one question, bytes: well below the longest question. */
const KEYS_BYTES_MAX = 48 * 1024;

/** The page with how its streams do on all members. */
export async function withFigures(source: ApiSource, page: ApiStreamPage): Promise<ApiStreamPage> {
  const all = new Map<StreamKey, ApiFigures>();
  const missing = new Map<string, Missing>();
  for (const keys of portions(page.streams.map(({ key }) => key))) {
    const given = await source.mesh.askAll('figures', { keys });
    for (const { answer } of given.answers)
      for (const one of answer.streams) all.set(one.key, sum(all.get(one.key), one));
    for (const one of given.missing) missing.set(one.member, one);
  }
  const names = namesOf(source);
  return {
    ...page,
    streams: page.streams.map((stream) => ({ ...stream, figures: all.get(stream.key) ?? NONE })),
    missing: [...missing.values()].map((one) => ({ ...one, name: names(one.member) })),
  };
}

const NONE: ApiFigures = { players: 0, kbpsIn: 0, relays: 0 };

function sum(before: ApiFigures = NONE, one: AnswerTo<'figures'>['streams'][number]): ApiFigures {
  const last = before.lastSwitch;
  const newer =
    one.lastSwitch !== undefined && one.lastSwitch.atMs > (last?.atMs ?? 0) ? one.lastSwitch : last;
  // A member's pull is among the players of whom it pulls from.
  const players = before.players + one.players - (one.isPulled ? 1 : 0);
  return {
    players: Math.max(0, players),
    kbpsIn: Math.max(before.kbpsIn, one.kbpsIn),
    relays: before.relays + (one.isPulled ? 1 : 0),
    // An owner counts what comes to it; the others, what they get of that.
    ...picturesOf(one.isPulled && before.frameRate !== undefined ? before : one),
    ...(newer === undefined ? {} : { lastSwitch: newer }),
  };
}

/** So that each has room in one question. */
function portions(keys: readonly StreamKey[]): readonly StreamKey[][] {
  const all: StreamKey[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const key of keys) {
    const size = Buffer.byteLength(JSON.stringify(key)) + 1;
    const last = all.at(-1);
    if (last === undefined || bytes + size > KEYS_BYTES_MAX || last.length >= FIGURES_MAX) {
      all.push([key]);
      bytes = size;
    } else {
      last.push(key);
      bytes += size;
    }
  }
  return all;
}
