import { askForToken, token } from '../state/session.js';

/** What the API said no to, in its own words. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string;

  constructor(status: number, code: string, message: string, hint = '') {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** Longer than any answer takes, ms. */
const DEADLINE_MS = 10_000;

export const headers = (): Record<string, string> =>
  token.value === '' ? {} : { Authorization: `Bearer ${token.value}` };

/** Reads from the API. Rejects with `ApiProblem`. */
export function read<T>(path: string): Promise<T> {
  return request(path, { headers: headers() });
}

/** Has the API do something. Rejects with `ApiProblem`. */
export function act<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: object = {}): Promise<T> {
  return request(path, {
    method,
    headers: { ...headers(), 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const answer = await fetch(path, { ...init, signal: AbortSignal.timeout(DEADLINE_MS) }).catch(() => {
    throw new ApiProblem(0, 'NOT_REACHED', 'The member does not answer.');
  });
  if (answer.ok) return (await answer.json()) as T;
  throw await problemOf(answer, init.method !== undefined);
}

/** Asks for a token where that is what is missing. `isAct`: something was to be done. */
export async function problemOf(answer: Response, isAct = false): Promise<ApiProblem> {
  const said = (await answer.json().catch(() => ({}))) as { error?: Partial<Record<string, string>> };
  const { code = 'UNKNOWN', message = `The member answered ${answer.status}.`, hint } = said.error ?? {};
  if (answer.status === 401 || code === 'ROLE_MISSING') askForToken(message, isAct);
  return new ApiProblem(answer.status, code, message, hint);
}
