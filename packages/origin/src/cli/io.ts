/** The world as a command sees it; passed in, so that commands are tested without a process. */
export interface CliIo {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** GET. Rejects with the system's error, or one named `TimeoutError`. */
  get(
    url: URL,
    timeoutMs: number,
    token?: string,
  ): Promise<{ readonly status: number; readonly text: string }>;
  /** A request that changes something, with a JSON body. Rejects as `get` does. */
  send(request: ApiRequest, timeoutMs: number): Promise<{ readonly status: number; readonly text: string }>;
  /**
   * GET of what has no end: each line as it comes, until there are no more. Where the status is not 200 resolves at once, with
   * what was answered. Rejects where the signal aborts.
   */
  follow(
    url: URL,
    onLine: (line: string) => void,
    token?: string,
    signal?: AbortSignal,
  ): Promise<{ readonly status: number; readonly text: string }>;
  /** The terminal that input and output are; null where they are none. */
  terminal(): Terminal | null;
  /** Unix ms. */
  now(): number;
  /** Resolves after so long. */
  pause(ms: number): Promise<void>;
  /** Calls back each time the process is asked to end. Returns how to stop that. */
  onStopRequest(listener: (signal?: string) => void): () => void;
  /** Calls back for each signal that may mean something to other programs, and nothing here. */
  onIdleSignal(listener: (signal: string) => void): () => void;
  /** Calls back for what was thrown and nobody caught; without a listener it ends the process. */
  onFault(listener: (error: unknown, kind: FaultKind) => void): () => void;
  /** Ends the process at once. */
  exitNow(status: number): void;
}

export interface ApiRequest {
  readonly method: 'POST' | 'DELETE';
  readonly url: URL;
  readonly token?: string;
  /** JSON; absent: none. */
  readonly body?: string;
}

/** How node tells of it. */
export type FaultKind = 'uncaughtException' | 'unhandledRejection';

interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** A terminal that is drawn on. */
export interface Terminal {
  /** Takes keys one by one, and draws on the other screen. */
  open(): void;
  size(): { readonly columns: number; readonly rows: number };
  write(text: string): void;
  /** Keys, as the terminal sends them. Once it is gone, Ctrl-C. */
  onKeys(listener: (text: string) => void): void;
  onResize(listener: () => void): void;
  /** Puts it back as it was. Does nothing the second time. */
  close(): void;
}

/** What the shell is told. `fault`: a running member was ended by a bug of ours (EX_SOFTWARE of BSD's sysexits). */
export const EXIT = { ok: 0, failed: 1, usage: 2, fault: 70 } as const;
