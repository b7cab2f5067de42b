import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Terminal } from '../cli/io.js';
import { memoryIo } from '../cli/memory-io.fixture.js';
import { createPaint } from '../cli/paint.js';
import { runCli } from '../cli/run-cli.js';
import { textWidth } from '../cli/text-width.js';
import { drawFrame, ENTER_SCREEN, LEAVE_SCREEN } from './draw-frame.js';
import { renderTop } from './render-top.js';
import { NOTHING_READ, type TopMember, type TopReading, type TopStream } from './top-reading.js';
import { keysOf, pressKey, TOP_START, TOP_VIEWS, type TopState } from './top-state.js';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const PLAIN = createPaint(false);
const SIZE = { columns: 80, rows: 24 };

const member = (name: string, more: Partial<TopMember> = {}): TopMember => ({
  id: `id-${name}`,
  name,
  self: false,
  role: 'origin',
  liveness: 'alive',
  streams: 1,
  players: 2,
  publishers: 1,
  outboundKbps: 2500,
  connected: true,
  draining: false,
  full: false,
  through: [],
  program: 'headwater/1.2.3',
  rttMs: 0.4,
  ...more,
});

const stream = (name: string, players: number): TopStream => ({
  key: `__defaultVhost__/live/${name}`,
  owners: [
    {
      member: 'id-a',
      name: 'a',
      liveness: 'alive',
      full: false,
      state: 'flowing',
      sinceMs: NOW_MS - 65_000,
      media: { video: { codec: 'h264', width: 1280, height: 720, frameRate: 25 } },
    },
  ],
  players: 0,
  figures: { players, kbpsIn: 3000, relays: 2, lastSwitch: { atMs: NOW_MS - 4000, gapMs: 9, isExact: true } },
});

const READING: TopReading = {
  ...NOTHING_READ,
  members: [
    member('a', { self: true }),
    member('b', { players: 30, liveness: 'suspect' }),
    member('c', { players: 7, liveness: 'dead' }),
  ],
  streams: [stream('s1', 3), stream('s2', 10), stream('s3', 7)],
  streamsTotal: 1234,
  heardMs: NOW_MS,
  events: [{ kind: 'member-suspected', atMs: NOW_MS, name: 'b', member: 'id-b' }],
};

const linesOf = (reading: TopReading, state: Partial<TopState> = {}, size = SIZE): readonly string[] =>
  renderTop(reading, { ...TOP_START, ...state }, size, NOW_MS, PLAIN).lines;

describe('the picture of headwater top', () => {
  it('has title, members, the last event and the keys in 80x24', () => {
    const lines = linesOf(READING);
    expect(lines[0]).toMatch(
      /^headwater top {2}a {2}members 1 alive, 1 suspect, 1 dead {2}streams 1234 {2}players 32/,
    );
    expect(lines[2]).toMatch(/^MEMBER▾ +ROLE +STATE/);
    expect(lines[3]).toMatch(/^a \* +origin alive/);
    expect(lines[4]).toMatch(/^b +origin suspect/);
    expect(lines.at(-2)).toMatch(/^last: 03:04:05\.000 member-suspected name=b/);
    expect(lines.at(-1)).toMatch(/^q quit/);
  });

  it('sorts by a column and the other way round', () => {
    const rows = (state: Partial<TopState>): readonly string[] =>
      linesOf(READING, { view: 'streams', ...state })
        .slice(3, 6)
        .map((line) => line.slice(0, 7));
    const byPlayers = { ...TOP_START.sort, streams: 3 };
    expect(rows({})).toEqual(['live/s1', 'live/s2', 'live/s3']);
    expect(rows({ sort: byPlayers })).toEqual(['live/s2', 'live/s3', 'live/s1']);
    expect(rows({ sort: byPlayers, isReversed: true })).toEqual(['live/s1', 'live/s3', 'live/s2']);
  });

  it('shows what the filter finds, and says where there is nothing', () => {
    expect(linesOf(READING, { view: 'streams', filter: 'S2' })[3]).toMatch(/^live\/s2/);
    expect(linesOf(READING, { view: 'streams', filter: 'S2' })[4]?.trim()).toBe('');
    expect(linesOf(READING, { filter: 'nobody' })[3]).toMatch(/^Nothing has that/);
    expect(linesOf(NOTHING_READ, { view: 'clients' })[3]).toMatch(/^Nobody plays/);
  });

  it('says since when nothing is heard, and why', () => {
    expect(linesOf({ ...READING, heardMs: NOW_MS - 9000 })[0]).toMatch(/last heard 9s ago/);
    expect(linesOf({ ...READING, problem: 'no API answers' })[0]).toMatch(
      /last heard 0s ago: no API answers/,
    );
    expect(linesOf({ ...READING, missing: [{ name: 'b', reason: 'deadline' }] })[1]).toMatch(/no answer: b/);
  });

  it('is as large as the terminal, whatever that is and whatever names are', () => {
    fc.assert(
      fc.property(
        fc.record({ columns: fc.integer({ min: 1, max: 300 }), rows: fc.integer({ min: 1, max: 60 }) }),
        fc.constantFrom(...TOP_VIEWS),
        fc.array(fc.string({ unit: 'grapheme', maxLength: 90 }), { maxLength: 40 }),
        fc.nat(60),
        fc.boolean(),
        (size, view, names, from, isHelpShown) => {
          const reading: TopReading = {
            ...READING,
            members: names.map((name) => member(name, { zone: name })),
            streams: names.map((name, index) => ({ ...stream(name, index), key: name })),
            events: names.map((name) => ({ kind: 'publish-started', atMs: NOW_MS, client: name })),
          };
          const lines = linesOf(reading, { view, from, isHelpShown }, size);
          expect(lines).toHaveLength(size.rows);
          for (const line of lines) {
            expect(textWidth(line)).toBe(size.columns);
            expect(line).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('keys of headwater top', () => {
  const EXTENT = { page: 19, rows: 40, columns: 5 };
  const after = (text: string, state: TopState = TOP_START): TopState | null => {
    let now: TopState | null = state;
    for (const key of keysOf(text)) now = now === null ? null : pressKey(now, key, EXTENT);
    return now;
  };

  it('switch views, sort, scroll within what there is, and quit', () => {
    expect(after('\t')?.view).toBe('streams');
    expect(after('\u001b[Z')?.view).toBe('events');
    expect(after('3')?.view).toBe('clients');
    expect(after('ss')?.sort.members).toBe(2);
    expect(after('S')?.sort.members).toBe(4);
    expect(after('r')?.isReversed).toBe(true);
    expect(after('\u001b[B\u001bOB')?.from).toBe(2);
    expect(after('\u001b[6~\u001b[6~\u001b[6~')?.from).toBe(21);
    expect(after('k')?.from).toBe(0);
    expect(after('q')).toBeNull();
    expect(after('\u0003')).toBeNull();
  });

  it('are a text while one types, until that is done', () => {
    const typed = after('/qé1');
    expect(typed).toMatchObject({ filter: 'qé1', isTyping: true, view: 'members' });
    expect(after('\u007f\r', typed ?? TOP_START)).toMatchObject({ filter: 'qé', isTyping: false });
    expect(after('\u001b', typed ?? TOP_START)).toMatchObject({ filter: '', isTyping: false });
    expect(after('/\u0003')).toBeNull();
  });

  it('without a meaning change nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        const state = after(text);
        expect(state === null || state.from <= 21).toBe(true);
      }),
    );
  });
});

it('draws only lines that differ', () => {
  expect(drawFrame(['a', 'b'], ['a', 'c'])).toBe('\u001b[?2026h\u001b[2;1Hc\u001b[K\u001b[?2026l');
  expect(drawFrame(['a'], ['a'])).toBe('');
  expect(drawFrame(null, ['a'])).toContain('\u001b[2J');
});

describe('headwater top', () => {
  const answers = (url: URL): object =>
    url.pathname.endsWith('/members')
      ? { members: READING.members }
      : { streams: READING.streams, total: 3, next: 'x' };
  const get = async (url: URL) => ({ status: 200, text: JSON.stringify(answers(url)) });

  it('prints one picture for a pipe, in the size that is wanted', async () => {
    const io = memoryIo({ get, env: { COLUMNS: '100', LINES: '10' }, now: () => NOW_MS });
    expect(await runCli(['top', '--once', '--view', 'streams'], io)).toBe(0);
    const lines = io.out().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[1]).toContain('first of more');
    expect(lines[3]).toMatch(/^live\/s1 +a +1m 5s +3 +3\.0 Mbit\/s/);
    expect(io.out()).not.toContain('\u001b');
  });

  it('says where no API is, before it draws anything', async () => {
    const io = memoryIo();
    expect(await runCli(['top', '--once'], io)).toBe(1);
    expect(io.err()).toContain('no API answers at http://127.0.0.1:1985: ECONNREFUSED');
    expect(io.out()).toBe('');
  });

  it.each([
    [['top'], 'needs a terminal'],
    [['top', '--once', '--view', 'nothing'], 'expected members, streams, clients or events'],
    [['top', '--once', '--every', '0'], 'expected 0.2 to 60 seconds'],
  ])('%j is refused in words', async (words, text) => {
    const io = memoryIo({ get });
    expect(await runCli(words, io)).toBe(2);
    expect(io.err()).toContain(text);
  });

  it('draws, follows events, takes keys, and gives the terminal back', async () => {
    let drawn = '';
    let press = (_: string): void => {};
    let come = (_: string): void => {};
    const terminal: Terminal = {
      open: () => (drawn += ENTER_SCREEN),
      close: () => (drawn += LEAVE_SCREEN),
      size: () => SIZE,
      write: (text) => {
        drawn += text;
        for (const look of waiting) look();
      },
      onKeys: (listener) => (press = listener),
      onResize: () => {},
    };
    const waiting = new Set<() => void>();
    const shown = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!drawn.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    let isFollowed = false;
    const io = memoryIo({
      get,
      terminal: () => terminal,
      now: () => NOW_MS,
      follow: (_, onLine, __, signal) => {
        come = onLine;
        isFollowed = true;
        return new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            isFollowed = false;
            reject(new Error('aborted'));
          });
        });
      },
    });
    const ended = runCli(['top'], io);
    await shown('MEMBER');
    expect(isFollowed).toBe(true);
    come('data: {"id":"1","kind":"member-dead","atMs":1,"name":"evil\\u001b]0;x"}');
    await shown('member-dead name=evil\ufffd]0;x');
    press('2');
    await shown('live/s2');
    press('q');
    expect(await ended).toBe(0);
    expect(drawn.startsWith(ENTER_SCREEN)).toBe(true);
    expect(drawn.endsWith(LEAVE_SCREEN)).toBe(true);
    expect(isFollowed).toBe(false);
  });
});
