/** What hooks were asked and told about one client, for as long as it is connected. */
export class HookClient {
  /** From 1, in the order in which clients came to this member. */
  readonly number: number;
  /** By the URLs that were asked about the connect. */
  readonly #connects = new Map<string, Promise<unknown>>();
  readonly #onClosed: ((bytes: { readonly sent: number; readonly received: number }) => void)[] = [];
  /** By the server that is told. */
  readonly #tails = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(number: number) {
    this.number = number;
  }

  /** Asks once for each `key`; the answer stands for the whole connection. */
  once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#connects.get(key);
    if (known !== undefined) return known as Promise<T>;
    const asked = ask();
    this.#connects.set(key, asked);
    return asked;
  }

  /** Calls back when the connection is over, at once where it is. */
  onClosed(listener: (bytes: { readonly sent: number; readonly received: number }) => void): void {
    if (this.#isClosed) listener({ sent: 0, received: 0 });
    else this.#onClosed.push(listener);
  }

  closed(bytes: { readonly sent: number; readonly received: number }): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#onClosed) listener(bytes);
  }

  /**
   * Ends of one client are told one after the other: its stream's before its connection's. Each server has its own turns,
   * since one that is down would keep them from the others for as long as it is tried again.
   */
  inTurn(server: string, tell: () => Promise<void>): void {
    const before = this.#tails.get(server) ?? Promise.resolve();
    this.#tails.set(server, before.then(tell, tell));
  }
}
