import type { MemberProfile } from '@headwater/directory';
import { expect, it } from 'vitest';
import type { OriginConfig } from './config/origin-config.js';
import { resolveConfig } from './config/resolve-config.js';
import { OwnProfile } from './own-profile.js';

const PORTS = { rtmp: 1935, rtmps: 0, http: 8080, https: 0 };

function configOf(...set: string[]): OriginConfig {
  const resolution = resolveConfig({ env: {}, set: [`mesh.key=${'k'.repeat(32)}`, ...set], hostName: 'a' });
  if (!resolution.ok) throw new Error(resolution.problems.map(({ text }) => text).join());
  return resolution.config;
}

/** A profile in a mesh that notes what it is told. */
function toldProfile() {
  let config = configOf();
  const told: MemberProfile[] = [];
  const profile = new OwnProfile(() => config, PORTS, { relayKeyHash: 'hash' });
  const first = profile.reachedAt(['192.0.2.7']);
  profile.join({
    directory: {
      get profile() {
        return told.at(-1) ?? first;
      },
    } as never,
    setProfile: (next) => void told.push(next),
  });
  const configure = (...set: string[]): void => {
    config = configOf(...set);
  };
  return { profile, first, told, configure };
}

it('has the hosts at which the mesh is reached, and what never changes', () => {
  const { first } = toldProfile();
  expect(first).toMatchObject({
    name: 'a',
    relayAddress: { host: '192.0.2.7', rtmpPort: 1935 },
    draining: false,
    relayKeyHash: 'hash',
  });
  expect(first).not.toHaveProperty('full');
});

it('is told where the ports that were had are others, and not where they are not', () => {
  const { profile, told } = toldProfile();
  profile.listensAt(PORTS);
  expect(told).toEqual([]);
  profile.listensAt({ ...PORTS, rtmp: 41_935 });
  expect(told.map(({ relayAddress }) => relayAddress.rtmpPort)).toEqual([41_935]);
});

it('keeps what it said of draining and of being full when it is configured anew', () => {
  const { profile, told, configure } = toldProfile();
  profile.setDraining(true);
  profile.setFull(true);
  configure('zone=z1');
  profile.tellChanges();
  profile.tellChanges();
  expect(told).toHaveLength(3);
  expect(told.at(-1)).toMatchObject({ draining: true, full: true, zone: 'z1' });
  profile.setFull(false);
  expect(told.at(-1)).not.toHaveProperty('full');
});
