import { expect, it } from 'vitest';
import { durationText } from './duration-text.js';
import { createPaint, paintFor } from './paint.js';
import { renderTable } from './table.js';
import { printable, textWidth } from './text-width.js';

it('aligns by columns on the screen, whatever the script', () => {
  const table = renderTable(
    ['NAME', { title: 'N', align: 'right' }, 'X'],
    [
      ['直播', '1', 'a'],
      ['e\u0301t', '22', 'b'],
      ['🎥', '333'],
    ],
  );
  expect(table).toBe('NAME    N  X\n直播    1  a\ne\u0301t     22  b\n🎥    333\n');
});

it('aligns coloured cells by what is seen of them', () => {
  const table = renderTable(['A', 'B'], [[{ text: 'x', style: 'red' }, 'y']], createPaint(true));
  expect(table.split('\n')[1]).toBe('\u001b[31mx\u001b[39m  y');
});

it('makes control characters visible and harmless', () => {
  expect(printable('a\u001b]0;title\u0007b\nc\u202ed')).toBe('a\ufffd]0;title\ufffdb\ufffdc\ufffdd');
  expect(renderTable(['A'], [['x\ny']])).toBe('A\nx\ufffdy\n');
});

it.each([
  ['abc', 3],
  ['直播', 4],
  ['한국', 4],
  ['e\u0301', 1],
  ['🎥', 2],
  ['', 0],
])('%s is %i wide', (text, width) => expect(textWidth(text)).toBe(width));

it.each([
  [0, '0s'],
  [-5, '0s'],
  [999, '0s'],
  [59_000, '59s'],
  [192_000, '3m 12s'],
  [3_600_000, '1h'],
  [90_061_000, '1d 1h'],
  [Number.NaN, '?'],
])('%i ms is %s', (ms, text) => expect(durationText(ms)).toBe(text));

it('paints on terminals only, unless told otherwise', () => {
  const isPainted = (isTty: boolean, env: Record<string, string>) => paintFor(isTty, env).red('x') !== 'x';
  expect(isPainted(true, {})).toBe(true);
  expect(isPainted(false, {})).toBe(false);
  expect(isPainted(true, { NO_COLOR: '1' })).toBe(false);
  expect(isPainted(true, { NO_COLOR: '' })).toBe(true);
  expect(isPainted(true, { TERM: 'dumb' })).toBe(false);
  expect(isPainted(false, { FORCE_COLOR: '1' })).toBe(true);
});
