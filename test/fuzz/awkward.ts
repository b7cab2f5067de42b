import type { Random } from '@headwater/testing/random';

const AWKWARD = [
  0, 1, 2, 3, 4, 63, 64, 127, 128, 129, 255, 256, 1000, 4096, 65_535, 65_536, 0xfffffe, 0xffffff, 0x1000000,
  0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

/** A number of 32 bits that readers get wrong, or any. */
export function awkward32(random: Random): number {
  return random.chance(0.8) ? random.oneOf(AWKWARD) : random.next();
}
