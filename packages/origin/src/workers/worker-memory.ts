/** What glibc's malloc looks for in the environment (mallopt(3)); others pass over it. */
const MALLOC = {
  /**
   * Bytes from which memory is the system's own piece, and goes back to it once it is free: large frames and what players are sent of them do, and
   * the 64 KiB that Node makes for each read do not. What is let go from malloc's heap stays there, at the most that it
   * ever held. Set, it also stays what it is: malloc else raises it to the size of what was let go.
   */
  MALLOC_MMAP_THRESHOLD_: '98304',
  /** The system gives a process 65,530 of them (`vm.max_map_count`), and V8 ends where it gets none. */
  MALLOC_MMAP_MAX_: '32768',
} as const;

/**
 * V8's young generation, MiB of a half; Node's default is 16, of which a worker with publishers fills up to three halves. Frames outlive
 * it whatever its size.
 */
const SEMI_SPACE_MIB = 8;

/** For a worker's process: its memory is to follow the media that it keeps. What the operator has set stands. */
export const workerEnvironment = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...MALLOC,
  ...environment,
});

/** Node's options of a worker. Those of main come after its own, and so take their place. */
export function workerArguments(
  ofMain: readonly string[],
  { NODE_OPTIONS = '' }: NodeJS.ProcessEnv,
): string[] {
  const given = ofMain.filter((word) => !word.startsWith('--inspect'));
  // What stands in the environment would give way to what stands in the command.
  const isSet = /--max[-_]semi[-_]space[-_]size/.test(NODE_OPTIONS);
  return isSet ? given : [`--max-semi-space-size=${SEMI_SPACE_MIB}`, ...given];
}
