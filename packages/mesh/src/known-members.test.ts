import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FORGET_AFTER_MS } from './core/limits.js';
import type { MeshLog } from './index.js';
import { KNOWN_MAX, KnownMembers } from './known-members.js';
import { Meshes, type TestMember } from './testing/meshes.js';

let dir: string;
let warnings: string[];
let meshes: Meshes;
const log: MeshLog = {
  debug: () => {},
  info: () => {},
  warn: (_, msg) => warnings.push(msg),
  error: () => {},
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headwater-known-'));
  warnings = [];
  meshes = new Meshes();
});
afterEach(async () => {
  await meshes.close();
  await rm(dir, { recursive: true, force: true });
});

const addressOf = ({ mesh }: TestMember): string => `127.0.0.1:${mesh.port}`;
const sees = (member: TestMember, other: TestMember): boolean =>
  member.mesh.directory.member(other.mesh.id)?.liveness === 'alive';

describe('known members', () => {
  it('let a member find the mesh while its only seed is down', async () => {
    const seed = await meshes.start('seed', []);
    const other = await meshes.start('other', [addressOf(seed)]);
    const seeds = [addressOf(seed)];
    const first = await meshes.start('late', seeds, { dataDir: dir });
    await awaitCondition('they all met', () => sees(first, other) && sees(first, seed) && sees(other, seed));
    await first.mesh.stop();
    await seed.mesh.stop();
    const again = await meshes.start('late', seeds, { dataDir: dir });
    await awaitCondition('it found the other', () => sees(again, other) && sees(other, again));
    expect(again.mesh.status().joined).toBe(true);
  });

  it('are kept in a file of their own, for the owner only', async () => {
    const seed = await meshes.start('seed', []);
    const member = await meshes.start('member', [addressOf(seed)], { dataDir: dir });
    await awaitCondition('they met', () => sees(member, seed));
    await member.mesh.stop();
    const path = join(dir, 'known-members');
    expect(await readFile(path, 'utf8')).toBe(`${addressOf(seed)}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('are kept with the address that a name had, for a start while it cannot be resolved', async () => {
    const seed = await meshes.start('seed', [], { advertise: 'localhost' });
    const member = await meshes.start('member', [`localhost:${seed.mesh.port}`], { dataDir: dir });
    await awaitCondition('they met', () => sees(member, seed));
    await member.mesh.stop();
    const kept = await readFile(join(dir, 'known-members'), 'utf8');
    expect(kept).toBe(`localhost:${seed.mesh.port}\n${addressOf(seed)}\n`);
  });

  it.each([
    ['rubbish', 'no address\n\u0000\u0001\n127.0.0.1:7946\n'],
    [
      'more lines than are kept',
      Array.from({ length: 1_000 }, (_, index) => `10.0.0.1:${index + 1}`).join('\n'),
    ],
    ['a huge file', '10.0.0.1:1\n'.repeat(100_000)],
  ])('take %s for what it is', async (_, text) => {
    await writeFile(join(dir, 'known-members'), text);
    const known = await KnownMembers.load(dir, log);
    expect(known.addresses.length).toBeLessThanOrEqual(KNOWN_MAX);
    expect(warnings).toEqual(['known members not all understood']);
  });

  it('do not keep a member from starting where they cannot be read', async () => {
    const known = await KnownMembers.load(join(dir, 'nowhere'), log);
    expect(known.addresses).toEqual([]);
    await writeFile(join(dir, 'file'), '');
    expect((await KnownMembers.load(join(dir, 'file'), log)).addresses).toEqual([]);
    expect(warnings).toEqual(['known members not read']);
  });

  describe('of a member that is told who is there', () => {
    const PATH = (): string => join(dir, 'known-members');
    let alive: readonly string[];
    let visits: string[];
    let known: KnownMembers;
    let changed: () => void;
    let forgotten: (addresses: readonly string[]) => void;

    beforeEach(async () => {
      vi.useFakeTimers();
      await writeFile(PATH(), '10.0.0.1:1\n10.0.0.2:1\n');
      alive = [];
      visits = [];
      known = await KnownMembers.load(dir, log);
      known.follow(
        {
          members: () => alive.map((address) => memberAt(address)),
          onMemberChanged: (listener) => {
            changed = () => listener(memberAt('any:1'));
            return () => {};
          },
          onMemberForgotten: (listener) => {
            forgotten = listener;
            return () => {};
          },
        },
        (address) => visits.push(address),
        (name) => (name === 'origin-c' ? ['10.0.0.9'] : []),
      );
    });
    afterEach(async () => {
      await known.close();
      vi.useRealTimers();
    });

    const memberAt = (address: string) => ({
      id: address,
      isSelf: false,
      generation: 1,
      version: 1,
      liveness: 'alive' as const,
      profile: null,
      load: { players: 0, publishers: 0, outboundKbps: 0 },
      streams: 0,
      connected: true,
      through: [],
      meshAddresses: [address],
    });
    const written = async (): Promise<string> => {
      await known.close();
      return readFile(PATH(), 'utf8');
    };

    it('lose who is forgotten, but not who lives where that one was', async () => {
      alive = ['10.0.0.2:1', '10.0.0.3:1'];
      changed();
      forgotten(['10.0.0.1:1', '10.0.0.2:1']);
      expect(await written()).toBe('10.0.0.2:1\n10.0.0.3:1\n');
    });

    it('lose what the name of who is forgotten stood for as well', async () => {
      alive = ['10.0.0.2:1', 'origin-c:1'];
      changed();
      await vi.waitFor(() => expect(known.addresses).toContain('10.0.0.9:1'), { timeout: 60_000 });
      alive = ['10.0.0.2:1'];
      forgotten(['origin-c:1']);
      expect(await written()).toBe('10.0.0.2:1\n10.0.0.1:1\n');
    });

    it('lose nobody while no other member is alive', async () => {
      forgotten(['10.0.0.1:1']);
      expect(await written()).toBe('10.0.0.1:1\n10.0.0.2:1\n');
    });

    it('lose after an hour among others who was never seen', async () => {
      alive = ['10.0.0.2:1'];
      changed();
      await vi.advanceTimersByTimeAsync(FORGET_AFTER_MS);
      expect(await written()).toBe('10.0.0.2:1\n');
    });

    it('are visited while no other member is alive, more and more seldom', async () => {
      const visitsIn = async (ms: number): Promise<number> => {
        visits.length = 0;
        await vi.advanceTimersByTimeAsync(ms);
        return visits.length / 2;
      };
      expect(visits).toEqual(['10.0.0.1:1', '10.0.0.2:1']);
      const first = await visitsIn(60_000);
      await visitsIn(600_000);
      expect(first).toBeGreaterThan(await visitsIn(60_000));
      alive = ['10.0.0.2:1'];
      await visitsIn(60_000);
      expect(await visitsIn(3_600_000)).toBe(0);
      alive = [];
      expect(await visitsIn(60_000)).toBeGreaterThanOrEqual(first - 1);
    });
  });
});
