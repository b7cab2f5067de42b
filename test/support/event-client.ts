import type { Scope } from './scope.js';

export interface ApiEvent {
  readonly id: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** A client of server-sent events, as browsers read them. */
export class EventClient {
  readonly events: ApiEvent[] = [];
  readonly #gone = new AbortController();

  private constructor(scope: Scope) {
    scope.defer(() => this.close());
  }

  static async follow(scope: Scope, url: string, lastEventId?: string): Promise<EventClient> {
    const client = new EventClient(scope);
    const response = await fetch(url, {
      signal: client.#gone.signal,
      headers: lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId },
    });
    if (response.status !== 200 || response.body === null) throw new Error(`${url}: ${response.status}`);
    client.#read(response.body).catch(() => {});
    return client;
  }

  get kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind);
  }

  of(kind: string): readonly ApiEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }

  close(): void {
    this.#gone.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = new Map(
          block
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        const data = fields.get('data');
        if (data !== undefined) this.events.push({ id: fields.get('id') ?? '', ...JSON.parse(data) });
      }
    }
  }
}
