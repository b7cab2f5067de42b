import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { keepSocketFolder, makeSocketFolder, removeSocketFolder } from './socket-folder.js';

const made: string[] = [];
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'hw-'));
  made.push(path);
  return path;
};
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

it('is for this user alone, and is gone when it is removed', () => {
  const parent = folder();
  const path = makeSocketFolder([parent]);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(path.startsWith(parent)).toBe(true);
  removeSocketFolder(path);
  expect(existsSync(path)).toBe(false);
  removeSocketFolder(path);
});

it('takes those away whose process is gone, and no other', () => {
  const parent = folder();
  const keep = [`headwater-${process.pid}-abcdef`, 'headwater-demo-abcdef', 'headwater-x', 'other'];
  for (const name of [...keep, 'headwater-2147483647-abcdef']) mkdirSync(join(parent, name));
  makeSocketFolder([parent]);
  const left = readdirSync(parent);
  for (const name of keep) expect(left).toContain(name);
  expect(left).not.toContain('headwater-2147483647-abcdef');
});

it('is elsewhere where the paths of sockets would be too long', () => {
  const long = join(folder(), 'x'.repeat(90));
  mkdirSync(long);
  const short = folder();
  const path = makeSocketFolder([long, short]);
  expect(path.startsWith(short)).toBe(true);
});

it('is in the next folder where one cannot be written, and nowhere where none can', () => {
  const missing = join(folder(), 'missing');
  const last = folder();
  expect(makeSocketFolder([missing, last]).startsWith(last)).toBe(true);
  expect(() => makeSocketFolder([missing])).toThrow('no folder for the sockets of media workers');
});

it('is made anew where it was removed, for this user alone', () => {
  const path = makeSocketFolder([folder()]);
  expect(keepSocketFolder(path)).toBe(false);
  rmSync(path, { recursive: true });
  expect(keepSocketFolder(path)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

it('is not used where something else has its name, or others may write to it', () => {
  const path = makeSocketFolder([folder()]);
  chmodSync(path, 0o777);
  expect(() => keepSocketFolder(path)).toThrow("not this user's alone");
  rmSync(path, { recursive: true });
  writeFileSync(path, '');
  expect(() => keepSocketFolder(path)).toThrow("not this user's alone");
});
