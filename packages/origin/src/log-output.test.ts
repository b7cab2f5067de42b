import { pino } from 'pino';
import { expect, it } from 'vitest';
import { LOG_QUEUE_BYTES_MAX, LogOutput } from './log-output.js';

const failure = (code: string) => Object.assign(new Error(code), { code });

/** A reader that takes so many bytes and then says EAGAIN, until it is told to read on. */
function slowReader(takes: number) {
  let left = takes;
  let text = '';
  return {
    write: (bytes: Buffer) => {
      const taken = Math.min(left, bytes.length);
      if (taken === 0) throw failure('EAGAIN');
      left -= taken;
      text += bytes.subarray(0, taken).toString('latin1');
      return taken;
    },
    readOn: () => {
      left = Number.POSITIVE_INFINITY;
    },
    text: () => text,
  };
}

it('passes lines on at once', () => {
  const reader = slowReader(1000);
  const log = pino({ base: null, timestamp: false }, new LogOutput(reader.write));
  log.info({ a: 1 }, 'hello');
  expect(reader.text()).toBe('{"level":30,"a":1,"msg":"hello"}\n');
});

it('goes on in the middle of a line, in order, when the reader reads again', async () => {
  const reader = slowReader(3);
  const output = new LogOutput(reader.write);
  output.write('first\n');
  output.write('second\n');
  expect(reader.text()).toBe('fir');
  reader.readOn();
  await expect.poll(() => reader.text()).toBe('first\nsecond\n');
});

it('loses lines rather than memory, and says how many', () => {
  const reader = slowReader(0);
  const output = new LogOutput(reader.write);
  const line = `${'x'.repeat(1023)}\n`;
  for (let index = 0; index < LOG_QUEUE_BYTES_MAX / 1024 + 5; index += 1) output.write(line);
  reader.readOn();
  output.flush();
  expect(reader.text().length).toBeLessThan(LOG_QUEUE_BYTES_MAX + 500);
  expect(JSON.parse(reader.text().trimEnd().split('\n').at(-1)!)).toMatchObject({
    lines: 5,
    msg: 'log lines lost',
  });
});

it('falls silent when the reader is gone', () => {
  let tries = 0;
  const output = new LogOutput(() => {
    tries += 1;
    throw failure('EPIPE');
  });
  output.write('first\n');
  output.write('second\n');
  output.flush();
  expect(tries).toBe(1);
});
