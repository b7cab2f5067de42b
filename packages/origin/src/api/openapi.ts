import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { PROGRAM_VERSION } from '../version.js';
import { ERROR_ANSWER, STATUS } from './api-error.js';
import type { Endpoint, ObjectSchema } from './endpoint.js';
import { CLIENT } from './schemas/client.js';
import { MEMBER } from './schemas/member.js';
import { OWNER, STREAM } from './schemas/stream.js';

type Json = Readonly<Record<string, unknown>>;

/** One operation of the document. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Json;
  readonly responses: Readonly<Record<string, Json>>;
  readonly security?: readonly Json[];
  /** Which role it takes; absent: none. */
  readonly 'x-role'?: 'read' | 'operate';
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Json;
}

/** The API's description by OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0). */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Json;
}

/** Schemas that several operations share. */
const SHARED = { Error: ERROR_ANSWER, Member: MEMBER, Owner: OWNER, Stream: STREAM, Client: CLIENT };

const CONVERSION: ConversionConfig = {
  target: 'draft-2020-12',
  errorMode: 'ignore',
  definitions: SHARED,
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  // The others may get fields at a later release; these have some today that are not listed.
  overrideSchema: ({ valibotSchema, jsonSchema }) =>
    valibotSchema.type === 'loose_object' ? { ...jsonSchema, additionalProperties: true } : undefined,
};

const TAGS: Readonly<Record<Endpoint['tag'], string>> = {
  Mesh: 'Members, and what they can be asked to do.',
  Streams: 'Streams of the whole mesh.',
  Clients: 'Players, publishers and other members’ pulls, on all members.',
  Events: 'What happens, as it happens.',
  Health: 'For probes and balancers.',
  SRS: 'What tools of SRS ask for, in the shapes of SRS.',
  About: 'The API itself.',
};

/** Made from the endpoints, so from the schemas by which requests are checked. */
export function openApiDocument(endpoints: readonly Endpoint[]): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const endpoint of endpoints) {
    const path = paths[endpoint.path] ?? {};
    paths[endpoint.path] = path;
    path[endpoint.method] = operationOf(endpoint);
  }
  const schemas = Object.fromEntries(
    Object.entries(SHARED).map(([name, schema]) => {
      const { [name as keyof typeof SHARED]: _, ...others } = SHARED;
      return [name, plain(schema, { ...CONVERSION, definitions: others })];
    }),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Headwater',
      version: PROGRAM_VERSION,
      description:
        'Any member answers for the whole mesh. Fields may be added to answers at any release; what is here keeps its name and meaning within v1.',
    },
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: '`api.token` may do everything, `api.readToken` may read.',
        },
      },
    },
  };
}

function operationOf(endpoint: Endpoint): Operation {
  const { id, tag, summary, description, body, answer, mediaType = 'application/json', role } = endpoint;
  const parameters = [...pathParameters(endpoint), ...queryParameters(endpoint.query)];
  const content = { [mediaType]: { schema: plain(answer, { ...CONVERSION, typeMode: 'input' }) } };
  const { alsoStatus } = endpoint;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: { 'application/json': { schema: plain(body, { ...CONVERSION, typeMode: 'input' }) } },
          },
        }),
    responses: {
      200: { description: summary, content },
      ...(alsoStatus === undefined ? {} : { [alsoStatus]: { description: 'The same shape.', content } }),
      ...errorsOf(endpoint),
    },
    ...(role === 'open' ? {} : { security: [{}, { token: [] }], 'x-role': role ?? 'read' }),
  };
}

function errorsOf({ errors = [], role, query, body }: Endpoint): Record<string, Json> {
  const codes = new Set([
    ...errors,
    ...(query === undefined ? [] : (['QUERY_INVALID'] as const)),
    ...(body === undefined ? [] : (['BODY_INVALID', 'BODY_TOO_LARGE'] as const)),
    ...(role === 'open' ? [] : (['TOKEN_INVALID', 'TOKEN_MISSING'] as const)),
    ...(role === undefined ? (['HOST_UNKNOWN'] as const) : []),
    ...(role === 'operate' ? (['ROLE_MISSING', 'ORIGIN_FOREIGN', 'CONTENT_TYPE_INVALID'] as const) : []),
  ]);
  const byStatus = new Map<number, string[]>();
  for (const code of codes) byStatus.set(STATUS[code], [...(byStatus.get(STATUS[code]) ?? []), code]);
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [status, { description: names.join(', '), content }]),
  );
}

const pathParameters = ({ params = {} }: Endpoint): Parameter[] =>
  Object.entries(params).map(([name, description]) => ({
    name,
    in: 'path',
    required: true,
    description,
    schema: { type: 'string' },
  }));

function queryParameters(query: ObjectSchema | undefined): Parameter[] {
  if (query === undefined) return [];
  return Object.entries(entriesOf(query)).map(([name, schema]) => {
    const { description, ...rest } = plain(schema, { ...CONVERSION, typeMode: 'input' });
    const inner = innermost(schema);
    const { shown } = v.getMetadata(inner as never) as { readonly shown?: Json };
    const { default: initial } = rest;
    const text = v.getDescription(inner as never) ?? description;
    return {
      name,
      in: 'query',
      required: false,
      ...(typeof text === 'string' ? { description: text } : {}),
      schema: {
        ...(shown ?? rest),
        ...(initial === undefined || initial === ''
          ? {}
          : { default: shown === undefined ? initial : Number(initial) }),
      },
    };
  });
}

type Parts = {
  readonly entries?: Readonly<Record<string, ObjectSchema>>;
  readonly wrapped?: ObjectSchema;
  readonly pipe?: readonly unknown[];
};

/** Of the object that a query is read as first. */
function entriesOf(schema: ObjectSchema): Readonly<Record<string, ObjectSchema>> {
  const { entries, pipe } = schema as Parts;
  return entries ?? (pipe?.[0] as Parts | undefined)?.entries ?? {};
}

function innermost(schema: ObjectSchema): ObjectSchema {
  const { wrapped } = schema as Parts;
  return wrapped === undefined ? schema : innermost(wrapped);
}

function plain(schema: ObjectSchema, config: ConversionConfig): Json {
  const { $schema: _, $defs: __, ...rest } = toJsonSchema(schema as never, config) as Json;
  return rest;
}
