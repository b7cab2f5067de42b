import { Random } from '@headwater/testing/random';
import { httpFromGrammar } from './http-grammar.js';
import { mutated } from './mutate.js';
import { behindProxy } from './proxy-grammar.js';
import type { Recording } from './record.js';
import { rtmpFromGrammar } from './rtmp-grammar.js';
import type { Session } from './session.js';

/** Session `index` of a seed: the same bytes whenever it is asked for. */
export function makeSession(seed: number, index: number, recordings: readonly Recording[]): Session {
  const random = Random.forIndex(seed, index);
  const session = spoken(random, index, recordings);
  return random.chance(0.1) ? behindProxy(random, session) : session;
}

function spoken(random: Random, index: number, recordings: readonly Recording[]): Session {
  const kind = random.fraction();
  if (kind < 0.55) return mutated(random, recordings, index);
  return kind < 0.8 ? rtmpFromGrammar(random, index) : httpFromGrammar(random, index);
}
