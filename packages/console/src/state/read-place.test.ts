import { describe, expect, it } from 'vitest';
import { linkToClients, linkToMember, linkToStream, readPlace } from './read-place.js';

describe('a place', () => {
  it.each([
    '__defaultVhost__/live/s1',
    'v/a/b/c',
    '__defaultVhost__/evil/<img%2f?#&=',
    '__defaultVhost__/live/\u202Eü',
  ])('leads back to the stream %s', (key) => {
    expect(readPlace(linkToStream(key))).toEqual({ page: 'stream', key });
  });

  it('leads back to a member and to the clients of a stream', () => {
    expect(readPlace(linkToMember('a/b?c'))).toEqual({ page: 'member', id: 'a/b?c' });
    expect(readPlace(linkToClients({ stream: 'v/a/b&c' }))).toEqual({ page: 'clients', stream: 'v/a/b&c' });
  });

  it.each(['#/nowhere', '#/stream/%E0%A4%A', '#/stream/s1', '#/member/', '#/__proto__'])(
    'is none: %s',
    (hash) => {
      expect(readPlace(hash)).toEqual({ page: 'unknown' });
    },
  );

  it('is the mesh where nothing is said', () => {
    for (const hash of ['', '#', '#/']) expect(readPlace(hash)).toEqual({ page: 'mesh' });
  });
});
