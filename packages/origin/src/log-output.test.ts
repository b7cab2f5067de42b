import { pino } from 'pino';
import { expect, it } from 'vitest';
import { LOG_QUEUE_BYTES_MAX, LogOutput, type LogSink } from './log-output.js';

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
  const log = pino({ base: null, timestamp: false }, new LogOutput(reader));
  log.info({ a: 1 }, 'hello');
  log.info('again');
  await expect.poll(() => reader.text).toBe('{"level":30,"a":1,"msg":"hello"}\n{"level":30,"msg":"again"}\n');
});

it('goes on in the middle of a line, in order, when the reader reads again', async () => {
  const reader = new SlowReader(3);
  const output = new LogOutput(reader);
  output.write('first\n');
  output.write('second\n');
  await expect.poll(() => reader.text).toBe('fir');
  reader.readOn();
  await expect.poll(() => reader.text).toBe('first\nsecond\n');
});

it('loses lines rather than memory, and says how many', async () => {
  const reader = new SlowReader(0);
  const output = new LogOutput(reader);
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
  const output = new LogOutput(reader);
  output.write('on its way\n');
  output.write('left\n');
  output.flushNow();
  expect(reader.text).toBe('left\n');
  await expect.poll(() => reader.text).toBe('left\non its way\n');
});

it('falls silent when the reader is gone', async () => {
  let tries = 0;
  const output = new LogOutput({
    write: (_bytes, done) => {
      tries += 1;
      setImmediate(() => done(failure('EPIPE'), 0));
    },
    writeNow: () => 0,
  });
  output.write('first\n');
  await expect.poll(() => tries).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  output.write('second\n');
  output.flushNow();
  expect(tries).toBe(1);
});
