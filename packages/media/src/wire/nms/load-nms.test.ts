import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it, vi } from 'vitest';
import { loadNms } from './load-nms.js';

const HERE = new URL('.', import.meta.url);
const sources = readdirSync(HERE).filter((name) => name.endsWith('.ts'));
const pathsIn = (name: string): string[] => {
  const text = readFileSync(new URL(name, HERE), 'utf8');
  return [...text.matchAll(/loadNms\('([^']+)'\)/g)].map(([, path = '']) => path);
};

it('keeps node-media-server off the console', () => {
  const logged = vi.spyOn(console, 'log').mockImplementation(() => {});
  const amf = loadNms('protocol/amf.js') as { decodeAmf0Cmd(bytes: Buffer): unknown };
  // It logs each command that it does not know.
  amf.decodeAmf0Cmd(Buffer.from('0200017805', 'hex'));
  expect(logged).not.toHaveBeenCalled();
  logged.mockRestore();
});

it('is node-media-server 4.4.3, the one that was read', () => {
  const { version } = createRequire(import.meta.url)('node-media-server/package.json') as { version: string };
  expect(version).toBe('4.4.3');
});

it('loads these parts and no others, and each has a contract test of its own', () => {
  const used = sources.filter((name) => !name.endsWith('.test.ts')).flatMap(pathsIn);
  expect(used.sort()).toEqual(['protocol/flv.js', 'protocol/rtmp.js', 'protocol/rtmp_client.js']);
  const tested = sources
    .filter((name) => name.endsWith('.test.ts') && name !== 'load-nms.test.ts')
    .flatMap(pathsIn);
  expect([...new Set(tested)].sort()).toEqual(used);
});
