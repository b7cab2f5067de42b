import { mkdtempSync, openSync, readFileSync, rmSync, write, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { LOG_QUEUE_BYTES_MAX, LogOutput, type LogSink, RETRY_MAX_MS } from './log-output.js';

const failure = (code: string) => Object.assign(new Error(code), { code });

/** A reader that takes so many bytes and then says EAGAIN, until it is told to read on. */
class SlowReader implements LogSink {
  text = '';
  #left: number;

  constructor(takes: number) {
    this.#left = takes;
  }

  readOn(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  writeNow(bytes: Buffer): number {
    const taken = Math.min(this.#left, bytes.length);
    if (taken === 0) throw failure('EAGAIN');
    this.#left -= taken;
    this.text += bytes.subarray(0, taken).toString('latin1');
    return taken;
  }

  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | null, taken: number) => void): void {
    setImmediate(() => {
      try {
        done(null, this.writeNow(bytes));
      } catch (error) {
        done(error as NodeJS.ErrnoException, 0);
      }
    });
  }
}

it('passes lines on, in order', async () => {
  const reader = new SlowReader(1000);
  const log = pino({ base: null, timestamp: false }, new LogOutput({ sink: reader }));
  log.info({ a: 1 }, 'hello');
  log.info('again');
  await expect.poll(() => reader.text).toBe('{"level":30,"a":1,"msg":"hello"}\n{"level":30,"msg":"again"}\n');
});

it('goes on in the middle of a line, in order, when the reader reads again', async () => {
  const reader = new SlowReader(3);
  const output = new LogOutput({ sink: reader });
  output.write('first\n');
  output.write('second\n');
  await expect.poll(() => reader.text).toBe('fir');
  reader.readOn();
  await expect.poll(() => reader.text).toBe('first\nsecond\n');
});

it('loses lines rather than memory, and says how many', async () => {
  const reader = new SlowReader(0);
  const output = new LogOutput({ sink: reader });
  output.write('being written\n');
  const line = `${'x'.repeat(1023)}\n`;
  for (let index = 0; index < LOG_QUEUE_BYTES_MAX / 1024 + 5; index += 1) output.write(line);
  reader.readOn();
  await expect.poll(() => reader.text.trimEnd().split('\n').at(-1)).toContain('log lines lost');
  expect(reader.text.length).toBeLessThan(LOG_QUEUE_BYTES_MAX + 500);
  expect(JSON.parse(reader.text.trimEnd().split('\n').at(-1)!)).toMatchObject({ lines: 5 });
});

it('writes what is left at the end of the process, as far as the reader takes it, and nothing twice', async () => {
  const reader = new SlowReader(100);
  const output = new LogOutput({ sink: reader });
  output.write('on its way\n');
  output.write('left\n');
  output.flushNow();
  expect(reader.text).toBe('left\n');
  await expect.poll(() => reader.text).toBe('left\non its way\n');
});

/** An output that fails with what is in `code`, and keeps what it takes otherwise. Time is the test's. */
class FailingOutput implements LogSink {
  text = '';
  tries = 0;
  code: string | null = null;
  readonly waits: number[] = [];
  #run: (() => void) | null = null;

  readonly after = (delayMs: number, run: () => void): void => {
    this.waits.push(delayMs);
    this.#run = run;
  };

  /** The time of the next try has come. */
  tick(): void {
    const run = this.#run;
    this.#run = null;
    run?.();
  }

  writeNow(bytes: Buffer): number {
    if (this.code !== null) throw failure(this.code);
    this.text += bytes.toString();
    return bytes.length;
  }

  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | null, taken: number) => void): void {
    this.tries += 1;
    if (this.code !== null) done(failure(this.code), 0);
    else done(null, this.writeNow(bytes));
  }
}

const linesOf = (text: string): string[] => text.trimEnd().split('\n');

it.each(['ENOSPC', 'EIO', 'EPIPE', 'EDQUOT', 'ESTALE'])(
  'comes back after %s: nothing is lost of a short one',
  (code) => {
    const sink = new FailingOutput();
    const output = new LogOutput({ sink, after: sink.after });
    sink.code = code;
    output.write('first\n');
    output.write('second\n');
    sink.tick();
    sink.code = null;
    sink.tick();
    output.write('third\n');
    const lines = linesOf(sink.text);
    expect(lines.filter((line) => !line.startsWith('{'))).toEqual(['first', 'second', 'third']);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({
      msg: 'log output recovered',
      lines: 0,
      reason: code,
      level: 'warn',
    });
  },
);

it('counts what a long failure costs, and says so where it is missing, once', () => {
  const sink = new FailingOutput();
  const output = new LogOutput({ sink, after: sink.after });
  sink.code = 'ENOSPC';
  const line = `${'x'.repeat(1023)}\n`;
  for (let index = 0; index < LOG_QUEUE_BYTES_MAX / 1024; index += 1) output.write(line);
  for (let index = 0; index < 7; index += 1) output.write('too much\n');
  sink.code = null;
  sink.tick();
  output.write('after\n');
  const lines = linesOf(sink.text);
  expect(lines).toHaveLength(LOG_QUEUE_BYTES_MAX / 1024 + 2);
  expect(lines.at(-1)).toBe('after');
  expect(JSON.parse(lines.at(-2) ?? '')).toMatchObject({ msg: 'log output recovered', lines: 7 });
});

it('tries again less and less often, for ever', () => {
  const sink = new FailingOutput();
  const output = new LogOutput({ sink, after: sink.after });
  sink.code = 'EIO';
  output.write('line\n');
  for (let index = 0; index < 20; index += 1) sink.tick();
  expect(sink.tries).toBe(21);
  expect(sink.waits).toEqual([...sink.waits].sort((a, b) => a - b));
  expect(sink.waits.at(-1)).toBe(RETRY_MAX_MS);
  sink.code = null;
  sink.tick();
  sink.code = 'EIO';
  output.write('line\n');
  expect(sink.waits.at(-1)).toBe(sink.waits[0]);
});

it('ends with the process while it fails, and says at the end what was lost where it can', () => {
  const sink = new FailingOutput();
  const output = new LogOutput({ sink, after: sink.after });
  sink.code = 'EPIPE';
  for (let index = 0; index < 3; index += 1) output.write('x'.repeat(LOG_QUEUE_BYTES_MAX / 2));
  output.flushNow();
  expect(sink.text).toBe('');
  sink.code = null;
  output.flushNow();
  expect(JSON.parse(sink.text.slice(LOG_QUEUE_BYTES_MAX))).toMatchObject({
    msg: 'log lines lost',
    lines: 1,
    reason: 'EPIPE',
  });
});

it('formats its own lines as the others', () => {
  const sink = new FailingOutput();
  const output = new LogOutput({ sink, after: sink.after, format: (line) => `> ${line}` });
  sink.code = 'EIO';
  output.write('line\n');
  sink.code = null;
  sink.tick();
  expect(linesOf(sink.text).map((line) => line.slice(0, 3))).toEqual(['> l', '> {']);
});

it('gets over a device that is always full, as the system says it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-log-'));
  const path = join(folder, 'log');
  let fd = openSync('/dev/full', 'w');
  const output = new LogOutput({
    sink: { write: (bytes, done) => write(fd, bytes, done), writeNow: (bytes) => writeSync(fd, bytes) },
  });
  output.write('first\n');
  output.write('second\n');
  fd = openSync(path, 'w');
  await expect.poll(() => readFileSync(path, 'utf8')).toContain('log output recovered');
  expect(linesOf(readFileSync(path, 'utf8')).slice(0, 2)).toEqual(['first', 'second']);
  rmSync(folder, { recursive: true });
});
