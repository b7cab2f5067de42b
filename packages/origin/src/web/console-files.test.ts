import { gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { addConsole } from './console-files.js';

const app = new Hono();
addConsole(app);
const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });

describe('the console’s files', () => {
  it('are served with a strict policy, the page anew each time and the rest for ever', async () => {
    const page = await get('/console/');
    const html = await page.text();
    expect(page.headers.get('content-security-policy')).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const paths = [...html.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].flatMap(([, path]) => path ?? []);
    expect(paths.length).toBeGreaterThanOrEqual(3);
    for (const path of paths) {
      const plain = await get(path);
      const packed = await get(path, { 'Accept-Encoding': 'br, gzip' });
      expect(plain.headers.get('cache-control')).toContain('immutable');
      expect(packed.headers.get('content-encoding')).toBe('gzip');
      expect(gunzipSync(Buffer.from(await packed.arrayBuffer()))).toEqual(
        Buffer.from(await plain.arrayBuffer()),
      );
    }
    expect((await get('/console')).headers.get('location')).toBe('/console/');
  });

  it('are those that were built, and no others', async () => {
    for (const path of [
      'files.json',
      '../index.js',
      '%2e%2e/index.js',
      '__proto__',
      'assets',
      'index.html.gz',
      'assets/../files.json',
    ])
      expect((await get(`/console/${path}`)).status, path).toBe(404);
  });

  it('are small without the player', async () => {
    const html = await (await get('/console/')).text();
    let bytes = 0;
    for (const [, path = ''] of html.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g))
      bytes += (await (await get(path, { 'Accept-Encoding': 'gzip' })).arrayBuffer()).byteLength;
    expect(bytes).toBeLessThan(150_000);
  });
});
