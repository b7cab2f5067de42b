import { describe, expect, it } from 'vitest';
import { resolveConfig } from './config/resolve-config.js';
import { profileOf } from './profile.js';

/** The profile of a member with these settings, reached in the mesh under these hosts. */
function profile(set: readonly string[], ...meshHosts: string[]) {
  const resolution = resolveConfig({
    env: { HEADWATER_MESH_KEY: 'k'.repeat(32) },
    set: [...set],
    hostName: 'a',
  });
  if (!resolution.ok) throw new Error('the config is wrong');
  return profileOf(resolution.config, meshHosts, { rtmp: 1935, rtmps: 0, http: 8080, https: 0 });
}

const told = ({ relayAddress, relayAddresses = [relayAddress] }: ReturnType<typeof profile>): string[] =>
  relayAddresses.map(({ network, host, rtmpPort }) => `${network} ${host} ${rtmpPort}`);

describe('where a member says that it is pulled from', () => {
  it('is where the mesh reaches it, by the port that it listens on', () => {
    const plain = profile([], '10.0.0.5');
    expect(told(plain)).toEqual(['mesh 10.0.0.5 1935']);
    expect(plain.relayAddresses).toBeUndefined();
    expect(plain.addresses).toEqual([plain.relayAddress]);
  });

  it('is the mapped port where its host is advertised with one', () => {
    const set = ['advertise=inside=10.0.0.5,outside=203.0.113.5:1936'];
    expect(told(profile(set, '203.0.113.5'))).toEqual(['outside 203.0.113.5 1936']);
    expect(told(profile([...set, 'rtmp.host=10.0.0.5'], '203.0.113.5'))).toEqual([
      'outside 203.0.113.5 1936',
    ]);
  });

  it('is each of its hosts, of both families', () => {
    const both = profile([], '10.0.0.5', 'fd00::5', '192.168.0.5');
    expect(told(both)).toEqual(['mesh 10.0.0.5 1935', 'mesh fd00::5 1935', 'mesh 192.168.0.5 1935']);
    expect(both.relayAddress.host).toBe('10.0.0.5');
  });

  it('is nowhere that it does not listen', () => {
    expect(told(profile(['rtmp.host=0.0.0.0'], 'fd00::5', '10.0.0.5'))).toEqual(['mesh 10.0.0.5 1935']);
    expect(told(profile(['rtmp.host=10.9.0.5'], '10.0.0.5', 'fd00::5'))).toEqual(['mesh 10.9.0.5 1935']);
    expect(told(profile(['rtmp.host=0.0.0.0'], 'fd00::5'))).toEqual(['mesh fd00::5 1935']);
  });

  it('is what is configured, and nothing else, also where that is one', () => {
    const one = profile(['relay.advertise=10.9.0.5:2935', 'advertise=in=10.0.0.5'], '10.0.0.5');
    expect(one.relayAddresses).toEqual([one.relayAddress]);
    expect(told(one)).toEqual(['relay 10.9.0.5 2935']);
    const two = profile(['relay.advertise=inside=10.9.0.5,outside=[2001:db8::5]:1936'], '10.0.0.5');
    expect(told(two)).toEqual(['inside 10.9.0.5 1935', 'outside 2001:db8::5 1936']);
    expect(two.relayAddress.host).toBe('10.9.0.5');
  });
});

it('the address of its API has brackets where it is IPv6', () => {
  expect(profile(['api.host=::'], 'fd00::5').apiAddress).toBe('[fd00::5]:1985');
  expect(profile(['api.host=0.0.0.0'], 'fd00::5', '10.0.0.5').apiAddress).toBe('10.0.0.5:1985');
  expect(profile([], 'fd00::5').apiAddress).toBeUndefined();
});

describe('ports for TLS', () => {
  const secure = (set: readonly string[], ports: { rtmps: number; https: number }) => {
    const resolution = resolveConfig({ env: {}, set: ['mesh.host=127.0.0.1', ...set], hostName: 'a' });
    if (!resolution.ok) throw new Error('the config is wrong');
    const { addresses, relayAddress } = profileOf(resolution.config, ['10.0.0.5'], {
      rtmp: 1935,
      http: 8080,
      ...ports,
    });
    const told = [...addresses, relayAddress];
    return told.map(({ rtmpsPort = '-', httpsPort = '-' }) => `${rtmpsPort} ${httpsPort}`);
  };

  it('are told as they are listened on, as they are advertised, or not at all', () => {
    expect(secure([], { rtmps: 0, https: 0 })).toEqual(['- -', '- -']);
    expect(secure([], { rtmps: 1443, https: 8443 })).toEqual(['1443 8443', '1443 8443']);
    // A balancer ends TLS: nothing here listens for it.
    expect(secure(['advertise=out=h:1:2:443:8443'], { rtmps: 0, https: 0 })).toEqual(['443 8443', '- -']);
    expect(secure(['relay.advertise=h:1:2443'], { rtmps: 1443, https: 0 })[1]).toBe('2443 -');
  });
});
