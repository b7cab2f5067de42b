/** The world as a command sees it; passed in, so that commands are tested without a process. */
export interface CliIo {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
  /** Unix ms. */
  now(): number;
  /** Calls back each time the process is asked to end. Returns how to stop that. */
  onStopRequest(listener: (signal?: string) => void): () => void;
  /** Ends the process at once. */
  exitNow(status: number): void;
}

interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What the shell is told. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
