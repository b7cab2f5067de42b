import type { Context, Env, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as v from 'valibot';
import { type Access, requireRole } from './access.js';
import { type ApiErrorCode, apiError } from './api-error.js';

/** The schema of an object. */
export type ObjectSchema = v.GenericSchema<unknown, unknown>;

/** One operation of the API: the route, the checks and the page of the documentation are all made from it. */
export interface Endpoint<
  Q extends ObjectSchema = ObjectSchema,
  B extends ObjectSchema = ObjectSchema,
  A extends ObjectSchema = ObjectSchema,
> {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As OpenAPI writes it: `/api/v1/members/{member}`. */
  readonly path: string;
  /** As hono writes it, where the two differ by more than the braces. */
  readonly pattern?: string;
  readonly id: string;
  readonly tag: 'Mesh' | 'Streams' | 'Clients' | 'Events' | 'Health' | 'SRS' | 'About';
  readonly summary: string;
  readonly description?: string;
  /** What each `{name}` of the path means. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: A;
  /** Of the answer; absent: `application/json`. */
  readonly mediaType?: string;
  /** Other statuses that are answered with the same shape. */
  readonly alsoStatus?: number;
  readonly errors?: readonly ApiErrorCode[];
  /** Who may: `operate` where it changes something, `open` where nobody needs a token; absent: `read`. */
  readonly role?: 'operate' | 'open';
}

export interface Given<Q extends ObjectSchema, B extends ObjectSchema> {
  readonly context: Context;
  readonly query: v.InferOutput<Q>;
  readonly body: v.InferOutput<B>;
  /** A part of the path, decoded. */
  param(name: string): string;
}

/** Longest body of a request, bytes. */
const BODY_BYTES_MAX = 16 * 1024;

const NOTHING = v.object({});

/** What a handler gives: a value of the endpoint's schema, or a whole response such as an error. */
type Handler<Q extends ObjectSchema, B extends ObjectSchema, A extends ObjectSchema> = (
  given: Given<Q, B>,
) => Promise<v.InferInput<A> | Response> | v.InferInput<A> | Response;

/** Puts endpoints into an app, and keeps what the documentation is made from. */
export class Endpoints {
  readonly #api: Hono<Env>;
  readonly #access: () => Access;
  readonly #all: Endpoint[] = [];

  constructor(api: Hono<Env>, access: () => Access) {
    this.#api = api;
    this.#access = access;
  }

  get all(): readonly Endpoint[] {
    return this.#all;
  }

  add<
    Q extends ObjectSchema = typeof NOTHING,
    B extends ObjectSchema = typeof NOTHING,
    A extends ObjectSchema = ObjectSchema,
  >(endpoint: Endpoint<Q, B, A>, handle: Handler<Q, B, A>): void {
    this.#all.push(endpoint as unknown as Endpoint);
    const pattern = endpoint.pattern ?? endpoint.path.replace(/\{(\w+)\}/g, ':$1');
    const handlers = [
      ...(endpoint.role === 'open' ? [] : [requireRole(endpoint.role ?? 'read', this.#access)]),
      ...(endpoint.body === undefined && endpoint.role !== 'operate' ? [] : [LIMITED]),
    ];
    this.#api.on([endpoint.method.toUpperCase()], [pattern], ...handlers, async (context) => {
      const query = read(endpoint.query ?? NOTHING, context.req.query());
      if (!query.success) return apiError(context, 'QUERY_INVALID', sentenceOf(query.issues));
      const sent = endpoint.body === undefined ? {} : await jsonOf(context);
      const body = sent === undefined ? null : read(endpoint.body ?? NOTHING, sent);
      if (body === null) return apiError(context, 'BODY_INVALID', 'the body is no JSON object');
      if (!body.success) return apiError(context, 'BODY_INVALID', sentenceOf(body.issues));
      const answer = await handle({
        context,
        query: query.output as v.InferOutput<Q>,
        body: body.output as v.InferOutput<B>,
        param: (name) => context.req.param(name as never) ?? '',
      });
      return answer instanceof Response ? answer : context.json(answer as object);
    });
  }
}

const LIMITED = bodyLimit({
  maxSize: BODY_BYTES_MAX,
  onError: (context) =>
    apiError(context, 'BODY_TOO_LARGE', `a request's body has at most ${BODY_BYTES_MAX} bytes`),
});

const read = (schema: ObjectSchema, value: unknown) => v.safeParse(schema, value);

/** Undefined where it is no object. An empty body says nothing, as `{}` does. */
async function jsonOf(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    // To a schema a list is an object as well, of which nothing is known.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function sentenceOf([issue]: readonly v.BaseIssue<unknown>[]): string {
  if (issue === undefined) return 'it is not as documented';
  const path = v.getDotPath(issue);
  // A schema's own sentence begins with the name already.
  return path === null || issue.message.startsWith(path) ? issue.message : `${path}: ${issue.message}`;
}
