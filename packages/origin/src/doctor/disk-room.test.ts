import type { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it, onTestFinished, vi } from 'vitest';
import { DiskRoom, LOOK_MS } from './disk-room.js';

it('tells what the file system of a folder has', async () => {
  const room = await new DiskRoom(tmpdir()).look();
  expect(room?.bytes).toBeGreaterThan(0);
  expect(room?.freeBytes).toBeLessThanOrEqual(room?.bytes ?? 0);
});

it('tells nothing of a folder that is not there', async () => {
  expect(await new DiskRoom('/nowhere/at/all').look()).toBeNull();
});

it('waits a second for a disk that hangs, and asks it no second time until it has answered', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const answers: ((room: object) => void)[] = [];
  const hung = (() => new Promise((resolve) => answers.push(resolve))) as unknown as typeof statfs;
  const disk = new DiskRoom('/mnt', hung);
  const looks = [disk.look(), disk.look()];
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(await Promise.all([...looks, disk.look()])).toEqual([null, null, null]);
  expect(answers).toHaveLength(1);

  answers[0]?.({ bavail: 1, blocks: 4, bsize: 512 });
  await vi.advanceTimersByTimeAsync(0);
  const again = disk.look();
  expect(answers).toHaveLength(2);
  answers[1]?.({ bavail: 2, blocks: 4, bsize: 512 });
  expect(await again).toEqual({ freeBytes: 1024, bytes: 2048 });
});
