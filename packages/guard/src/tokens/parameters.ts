/** What a client's parameters say under one name. */
export type Parameter =
  | { readonly kind: 'none' | 'twice' }
  | { readonly kind: 'one'; readonly value: string };

const NONE: Parameter = { kind: 'none' };
const TWICE: Parameter = { kind: 'twice' };

/**
 * The parameters of a publish or play, and behind them those of the RTMP connect, which clients tell in the app and again
 * in the tcUrl. A parameter of the former counts before one of the latter. Two different values of one name are an error of
 * their own: which of them counts must not depend on who reads.
 */
export class Parameters {
  readonly #own: URLSearchParams;
  readonly #connect: URLSearchParams | null;

  constructor(query: string, connectQuery = '') {
    this.#own = new URLSearchParams(query);
    this.#connect = connectQuery === '' ? null : new URLSearchParams(connectQuery);
  }

  get(name: string): Parameter {
    const own = this.#own.getAll(name);
    const values = own.length > 0 ? own : [...new Set(this.#connect?.getAll(name))];
    const [value] = values;
    if (value === undefined) return NONE;
    return values.length === 1 ? { kind: 'one', value } : TWICE;
  }
}
