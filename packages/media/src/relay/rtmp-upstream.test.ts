import { describe, expect, it } from 'vitest';
import { relayTarget } from './rtmp-upstream.js';

const ADDRESS = { host: '10.0.0.2', rtmpPort: 1936 };

describe('relayTarget', () => {
  it("names the stream at the owner's relay address, marked, with who pulls", () => {
    expect(relayTarget('__defaultVhost__/live/room/s1', ADDRESS, 'origin b&c')).toEqual({
      host: '10.0.0.2',
      port: 1936,
      app: 'live/room',
      stream: 's1',
      query: 'headwater=relay&member=origin%20b%26c',
    });
  });

  it('tells a vhost that is not the default', () => {
    expect(relayTarget('v.example/live/s', ADDRESS, 'b')).toMatchObject({ app: 'live', vhost: 'v.example' });
  });

  it('asks for a replay', () => {
    expect(relayTarget('__defaultVhost__/live/s', ADDRESS, 'b', 5000).query).toBe(
      'headwater=relay&member=b&replay=5000',
    );
  });

  it('takes valid keys only', () => {
    expect(() => relayTarget('live/s', ADDRESS, 'b')).toThrow(TypeError);
  });
});
