import { expect, it } from 'vitest';
import { mayPagePublish } from './publish-origin.js';

const RULES = { origins: ['https://studio.example'], ownHosts: ['Live.example'] };

it.each<[origin: string | undefined, host: string | undefined]>([
  [undefined, 'live.example:8080'],
  ['https://studio.example', 'live.example:8080'],
  ['http://live.example:8080', 'live.example:8080'],
  ['https://live.example', 'LIVE.example:443'],
  ['http://127.0.0.1:8080', '127.0.0.1:8080'],
  ['http://[::1]:8080', '[::1]:8080'],
  ['http://localhost:8080', 'localhost:8080'],
])('a page of %s at %s may publish', (origin, host) => {
  expect(mayPagePublish(origin, host, RULES)).toBe(true);
});

it.each<[origin: string, host: string | undefined]>([
  ['https://evil.example', 'live.example:8080'],
  ['http://live.example:3000', 'live.example:8080'],
  ['https://studio.example.evil.example', 'live.example'],
  ['http://studio.example', 'live.example'],
  ['null', 'live.example'],
  ['', 'live.example'],
  ['no origin', 'live.example'],
  ['http://live.example:8080', undefined],
  ['http://live.example:8080', 'no host\0'],
  // Its name was made to lead here (DNS rebinding).
  ['http://evil.example:8080', 'evil.example:8080'],
  ['http://localhost.evil.example:8080', 'localhost.evil.example:8080'],
])('a page of %s at %s may not', (origin, host) => {
  expect(mayPagePublish(origin, host, RULES)).toBe(false);
});

it('all may where all are named', () => {
  expect(mayPagePublish('https://evil.example', 'x', { origins: ['*'], ownHosts: [] })).toBe(true);
});
