import { Random } from '@headwater/testing/random';
import { httpFromGrammar } from './http-grammar.js';
import { mutated } from './mutate.js';
import type { Recording } from './record.js';
import { rtmpFromGrammar } from './rtmp-grammar.js';
import type { Session } from './session.js';

/** Session `index` of a seed: the same bytes whenever it is asked for. */
export function makeSession(seed: number, index: number, recordings: readonly Recording[]): Session {
  const random = Random.forIndex(seed, index);
  const kind = random.fraction();
  if (kind < 0.55) return mutated(random, recordings, index);
  return kind < 0.8 ? rtmpFromGrammar(random, index) : httpFromGrammar(random, index);
}
