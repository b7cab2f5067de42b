import { readFileSync } from 'node:fs';
import { FlvReader, type FlvTag } from './flv-reader.js';

/** Pictures and sounds of a sample in order, to lay what a player got beside them, byte by byte. */
export class SampleTags {
  readonly #sample = new FlvReader();

  constructor(path: string) {
    this.#sample.push(readFileSync(path));
  }

  /** How many pictures it has. */
  get length(): number {
    return this.#pictures.length;
  }

  /** Where in the sample the source's picture of this number is: it repeats. */
  positionOf(picture: number | null): number {
    return picture === null ? Number.NaN : picture % this.length;
  }

  /** Where in the sample each picture is that a player got; -1 for one that was never sent. */
  positions(player: FlvReader): readonly number[] {
    return player.pictures
      .filter(isPicture)
      .map(({ body }) => this.#pictures.findIndex((picture) => picture.body.equals(body)));
  }

  get #pictures(): readonly FlvTag[] {
    return this.#sample.pictures.filter(isPicture);
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

/** No header, and no end of the sequence (Adobe FLV 10.1, E.4.3.1). */
const isPicture = ({ body }: FlvTag): boolean => body[1] === 1;

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
