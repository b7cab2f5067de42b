import { readFileSync } from 'node:fs';
import { FlvReader, type FlvTag } from './flv-reader.js';

/** Pictures and sounds of a sample in order, to lay what a player got beside them, byte by byte. */
export class SampleTags {
  readonly #sample = new FlvReader();

  constructor(path: string) {
    this.#sample.push(readFileSync(path));
  }

  /** Where the player's pictures are not the sample's in order (it repeats); empty where none is lost, doubled or changed. */
  pictureBreaks(player: FlvReader): readonly string[] {
    return breaks('picture', this.#sample.pictures, player.pictures);
  }

  /** The same of sounds, of which some may be alike. */
  soundBreaks(player: FlvReader): readonly string[] {
    return breaks('sound', this.#sample.sounds, player.sounds);
  }
}

function breaks(what: string, sample: readonly FlvTag[], played: readonly FlvTag[]): readonly string[] {
  const found: string[] = [];
  let at = 0;
  while (at < played.length) {
    const length = longestRun(sample, played, at);
    if (length === 0) return [...found, `${what} ${at} was never sent`];
    at += length;
    if (at < played.length) found.push(`${what} ${at} (${played[at]?.timestampMs} ms) does not follow`);
  }
  return found;
}

/** How many played frames from `at` on are the sample's in order, begun wherever in it fits best. */
function longestRun(sample: readonly FlvTag[], played: readonly FlvTag[], at: number): number {
  let longest = 0;
  for (let start = 0; start < sample.length; start += 1) {
    let length = 0;
    while (isSame(sample[(start + length) % sample.length], played[at + length])) length += 1;
    longest = Math.max(longest, length);
  }
  return longest;
}

function isSame(a: FlvTag | undefined, b: FlvTag | undefined): boolean {
  return a !== undefined && b !== undefined && a.body.equals(b.body);
}
