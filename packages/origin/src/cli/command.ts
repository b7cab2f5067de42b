import type { CliIo } from './io.js';

/** One flag of a command. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What its value is called in the help; absent: the flag has none. */
  readonly value?: string;
  /** May be given again and again. */
  readonly isMultiple?: boolean;
  readonly meaning: string;
}

/** What was given on the command line, checked against the command's flags. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** Whether a flag without a value was given. */
  has(name: string): boolean;
  /** The last value of a flag. */
  value(name: string): string | undefined;
  /** Every value of a flag. */
  values(name: string): readonly string[];
}

/** One command: a line of the table that dispatch, help and suggestions are made from. */
export interface Command {
  /** One word, or two (`config check`). */
  readonly name: string;
  /** Words after the name, as the help writes them: `FILE`; absent: none. */
  readonly operand?: string;
  readonly isOperandOptional?: boolean;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What else to say in its own help; each line as it stands. */
  readonly notes?: readonly string[];
  /** Ends with the exit status. Throws `HeadwaterError` for expected failures. */
  run(given: Arguments, io: CliIo): Promise<number>;
}
