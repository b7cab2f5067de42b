/** One server-sent event. */
export interface ServerEvent {
  /** Empty where it has none. */
  readonly id: string;
  readonly kind: string;
  readonly data: string;
}

/** An event longer than this is none of ours. */
const EVENT_LENGTH_MAX = 1_000_000;

/** Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from pieces of text. */
export class EventParser {
  #rest = '';

  /** The events that end in this piece. Throws where one does not end. */
  push(piece: string): readonly ServerEvent[] {
    const blocks = (this.#rest + piece).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    if (this.#rest.length > EVENT_LENGTH_MAX) throw new Error('an event does not end');
    return blocks.map(eventOf).filter((event) => event !== null);
  }
}

/** Null: a comment, or what is for the browser. */
function eventOf(block: string): ServerEvent | null {
  let [id, kind, data] = ['', 'message', ''];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'id') id = value;
    else if (field === 'event') kind = value;
    else if (field === 'data') data = data === '' ? value : `${data}\n${value}`;
  }
  return data === '' ? null : { id, kind, data };
}
