import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { createApi } from './create-api.js';
import type { OpenApiDocument } from './openapi.js';
import { emptyDirectory, madeSource } from './testing/made-source.js';

const api = createApi(madeSource(emptyDirectory(profileOf('c'))), (error) => {
  throw error;
});
const document = async (): Promise<OpenApiDocument> => {
  const response = await api.request('/api/v1/openapi.json');
  return (await response.json()) as OpenApiDocument;
};

/** Every `$ref` in it. */
function refsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsOf);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, one]) =>
    name === '$ref' && typeof one === 'string' ? [one] : refsOf(one),
  );
}

describe('the description of the API', () => {
  it('has each route that there is, and no other', async () => {
    const described = Object.entries((await document()).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = api.routes
      .filter(({ method, path }) => method !== 'ALL' && path !== '/' && path !== '/api/v1')
      // How health checks ask for what GET describes.
      .filter(({ method }) => method !== 'OPTIONS')
      // Files for browsers are no part of the API.
      .filter(({ path }) => !path.startsWith('/console'))
      .map(({ method, path }) => {
        const asDescribed = path.replace(/(?<=streams|explain|trace)\/\*/, '/:app/:stream');
        return `${method} ${asDescribed.replace(/:(\w+)/g, '{$1}')}`;
      });
    expect(new Set(described)).toEqual(new Set(routes));
    expect(described.length).toBeGreaterThan(20);
  });

  it('refers to nothing that is not there, and names each operation once', async () => {
    const made = await document();
    const { schemas } = made.components as { schemas: Record<string, unknown> };
    for (const ref of refsOf(made)) expect(schemas).toHaveProperty(ref.replace('#/components/schemas/', ''));
    expect(refsOf(made)).toContain('#/components/schemas/Owner');
    const ids = Object.values(made.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(JSON.stringify(made)).not.toContain('$defs');
  });

  it('has what a query is checked by', async () => {
    const { parameters = [] } = (await document()).paths['/api/v1/streams']?.get ?? {};
    const schemas = Object.fromEntries(parameters.map(({ name, schema }) => [name, schema]));
    expect(schemas.limit).toEqual({ type: 'integer', minimum: 1, maximum: 1000, default: 100 });
    expect(schemas.state).toMatchObject({ enum: ['flowing', 'silent', 'unowned'] });
    for (const { description = '' } of parameters) expect(description).not.toBe('');
  });

  it('says how each operation refuses, and what changes something', async () => {
    const { paths } = await document();
    const drain = paths['/api/v1/members/{member}/drain']?.post;
    expect(Object.keys(drain?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '400', '401', '403', '404', '409', '413', '415', '502']),
    );
    expect(drain?.security).toEqual([{}, { token: [] }]);
    for (const methods of Object.values(paths))
      for (const [method, { security }] of Object.entries(methods))
        expect(security !== undefined, method).toBe(
          method === 'put' || method === 'delete' || security !== undefined,
        );
    for (const path of Object.keys(paths).filter((one) => one !== '/api/v1/clusters'))
      expect(paths[path]?.post === undefined || paths[path]?.post?.security !== undefined, path).toBe(true);
  });

  it('can be read as a page that needs nothing from elsewhere, and is small', async () => {
    const response = await api.request('/api/docs');
    const page = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|https?:\/\/|\bundefined\b/);
    expect(page).toContain('id="drain"');
    expect(Buffer.byteLength(page)).toBeLessThan(150_000);
  });

  it('comes again only where it changed', async () => {
    const etag = (await api.request('/api/v1/openapi.json')).headers.get('etag') ?? '';
    const again = await api.request('/api/v1/openapi.json', { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});
