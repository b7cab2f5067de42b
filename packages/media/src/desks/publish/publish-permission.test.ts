import { NO_LOAD, type Owner } from '@headwater/directory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WorkerAddress } from '../../media-host.js';
import { ownerOf } from '../../testing/stream-world.js';
import { type PermissionRules, PublishPermission } from './publish-permission.js';
import type { PublishPolicy } from './publish-policy.js';
import type { PublishSession } from './publish-session.js';
import { TAKEOVERS_MAX } from './takeover-pace.js';

const KEY = 'v/live/s';
const NOW_MS = 1_700_000_000_000;

function permissionOf(policy: PublishPolicy, rules: Partial<PermissionRules> = {}) {
  const mesh = { owners: [] as Owner[], sibling: null as WorkerAddress | null };
  const host = {
    member: 'here',
    owners: () => mesh.owners,
    isDisputed: () => false,
    workerOf: () => mesh.sibling,
  };
  const all: PermissionRules = { acceptsPublishers: true, policy: () => policy, ...rules };
  return { mesh, rules: all, permission: new PublishPermission(host, all, new Map()) };
}

const session = (more: Partial<PublishSession> = {}): PublishSession => ({
  id: 'x',
  key: KEY,
  protocol: 'rtmp',
  remote: '1.2.3.4:5',
  agent: 'test',
  end: () => {},
  answered: () => {},
  fault: () => {},
  ...more,
});

const owned = (member: string, sinceMs: number, liveness: Owner['liveness'] = 'alive'): Owner => ({
  ...ownerOf(member, { sinceMs }),
  liveness,
  load: NO_LOAD,
});

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('how often one address may publish', () => {
  it('is without limit where none is set', () => {
    const { permission } = permissionOf('backup');
    for (let i = 0; i < 1000; i += 1) expect(permission.rateRefusal(session())).toBeNull();
  });

  it('is limited by address, whatever the port, for clients and not for what a member forwards', () => {
    const { permission, rules } = permissionOf('backup', { publishesPerAddressPerMinute: 2 });
    const refusals = (more: Partial<PublishSession> = {}) => permission.rateRefusal(session(more));
    expect([refusals(), refusals({ remote: '1.2.3.4:6' }), refusals()]).toEqual([null, null, 'publish-rate']);
    expect(refusals({ remote: '1.2.3.5:6' })).toBeNull();
    expect(refusals({ forward: { replaces: null } })).toBeNull();
    // A reload may change it.
    Object.assign(rules, { publishesPerAddressPerMinute: 60 });
    vi.advanceTimersByTime(1000);
    expect(refusals()).toBeNull();
  });
});

describe('a publish that another member forwards', () => {
  const moved = session({ forward: { replaces: 'left' } });

  it('is refused by `reject` for other origins, and not for the one whose place it takes', () => {
    const { mesh, permission } = permissionOf('reject');
    mesh.owners = [owned('left', 1)];
    expect([permission.refusal(session()), permission.refusal(moved)]).toEqual(['owned-elsewhere', null]);
    mesh.owners.push(owned('third', 2));
    expect(permission.refusal(moved)).toBe('owned-elsewhere');
  });

  it('is not lost to the one whose place it takes', () => {
    const { mesh, permission } = permissionOf('reject');
    mesh.owners = [owned('left', 1)];
    const lost = (forwarded: PublishSession) => permission.lost({ session: forwarded, sinceMs: 5 } as never);
    expect([lost(session()), lost(moved)]).toEqual(['owned-elsewhere', null]);
  });
});

describe('when a publish begins', () => {
  it('is after this member’s claim of another worker, where that one’s is taken over', () => {
    const { mesh, permission } = permissionOf('takeover');
    const own = owned('here', NOW_MS + 500);
    mesh.owners = [owned('there', NOW_MS + 10), own];
    expect(permission.accept(session())).toBe(NOW_MS + 11);
    mesh.sibling = { worker: 2, path: '/2' };
    expect(permission.accept(session())).toBe(NOW_MS + 501);
    mesh.owners = [];
    expect(permission.accept(session())).toBe(NOW_MS);
  });
});

describe('`takeover`', () => {
  it('counts each claim on the stream, this member’s own too, whichever news told of it', () => {
    const { mesh, permission } = permissionOf('takeover');
    mesh.sibling = { worker: 2, path: '/2' };
    for (let hand = 0; hand <= TAKEOVERS_MAX; hand += 1) {
      mesh.owners = [owned('here', NOW_MS + hand)];
      permission.ownersChanged(KEY);
    }
    expect(permission.refusal(session())).toBe('contended');
  });

  it('counts the claim that stands when it is asked, and its own', () => {
    const { mesh, permission } = permissionOf('takeover');
    let hands = 0;
    while (permission.refusal(session()) === null && hands < 100) {
      hands += 1;
      const sinceMs = permission.accept(session());
      mesh.owners = [owned('there', sinceMs + 1)];
    }
    expect(hands).toBeLessThan(TAKEOVERS_MAX);
  });

  it('is free for who is alone, however often', () => {
    const { permission } = permissionOf('takeover');
    for (let hand = 0; hand <= 2 * TAKEOVERS_MAX; hand += 1) {
      vi.advanceTimersByTime(1);
      expect(permission.refusal(session())).toBeNull();
      permission.accept(session());
    }
  });

  it('alone counts: by `reject` nothing does', () => {
    const { mesh, permission } = permissionOf('reject');
    for (let hand = 0; hand <= TAKEOVERS_MAX; hand += 1) {
      mesh.owners = [owned('there', NOW_MS + hand, 'suspect')];
      permission.ownersChanged(KEY);
    }
    expect(permission.refusal(session())).toBeNull();
  });
});
