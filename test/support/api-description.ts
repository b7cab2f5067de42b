import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OriginProcess } from './origin-process.js';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: Json }>> }>
  >;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** What a member says of its own API, held against what it answers. */
export class ApiDescription {
  readonly #member: OriginProcess;
  readonly #paths: Paths;
  readonly #ajv = new Ajv2020({ allErrors: true, strict: false });
  readonly #validators = new Map<string, ValidateFunction>();

  private constructor(member: OriginProcess, document: Json) {
    this.#member = member;
    this.#paths = document.paths as Paths;
    this.#ajv.addSchema(closed(document) as Json, 'api');
  }

  static async of(member: OriginProcess): Promise<ApiDescription> {
    return new ApiDescription(member, await member.api<Json>('/api/v1/openapi.json'));
  }

  /** Paths that can be asked by GET, and do not stream. */
  get readable(): readonly string[] {
    return Object.keys(this.#paths).filter(
      (path) => this.#paths[path]?.get !== undefined && !path.endsWith('/events'),
    );
  }

  /** What is wrong with the answer to this request; nothing where it is as described. `path` as the description has it. */
  async problemsOf(path: string, url: string, init: RequestInit = {}): Promise<readonly string[]> {
    const response = await fetch(this.#member.apiUrl(url), init);
    const method = (init.method ?? 'GET').toLowerCase();
    const type = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
    const told = (text: string): string => `${method} ${url} ${response.status}: ${text}`;
    const described = this.#paths[path]?.[method]?.responses[response.status]?.content;
    if (described?.[type] === undefined) return [told(`${type} is not described`)];
    if (type !== 'application/json') {
      await response.text();
      return [];
    }
    const validate = this.#validatorOf([
      'paths',
      path,
      method,
      'responses',
      `${response.status}`,
      'content',
      type,
    ]);
    validate(await response.json());
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      told(`${instancePath} ${message} ${JSON.stringify(params)}`),
    );
  }

  #validatorOf(place: readonly string[]): ValidateFunction {
    const pointer = [...place, 'schema']
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validator = this.#validators.get(pointer) ?? this.#ajv.compile({ $ref: `api#/${pointer}` });
    this.#validators.set(pointer, validator);
    return validator;
  }
}

/** The same, where no object has other fields than are described, unless it says so. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, closed(one)]));
  const isObject = inner.type === 'object' && inner.additionalProperties === undefined;
  return isObject ? { ...inner, additionalProperties: false } : inner;
}
