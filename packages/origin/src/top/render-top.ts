import { displayStreamKey } from '@headwater/directory';
import { bitRateText } from '../amounts.js';
import { durationText } from '../cli/duration-text.js';
import type { Paint } from '../cli/paint.js';
import { cutText, fitText } from './fit-text.js';
import { clientColumns, memberColumns, streamColumns } from './top-columns.js';
import type { TopEvent, TopReading } from './top-reading.js';
import { TOP_VIEWS, type TopExtent, type TopState } from './top-state.js';
import { renderRows, sortRows, type TopColumn } from './top-table.js';

export interface TopSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TopFrame {
  /** As many as the terminal has rows, each as wide as it is, however small that may be. */
  readonly lines: readonly string[];
  readonly extent: TopExtent;
}

/** Lines that are no rows: title, views, head of the table, last event, keys. */
const AROUND = 5;
/** Not heard for so long: what is shown is old, ms. */
const STALE_MS = 4000;

/** One picture of the mesh for a terminal. `nowMs`: Unix. */
export function renderTop(
  reading: TopReading,
  state: TopState,
  size: TopSize,
  nowMs: number,
  paint: Paint,
): TopFrame {
  const width = Math.max(1, size.columns);
  const page = Math.max(0, size.rows - AROUND);
  const table = state.isHelpShown
    ? { lines: HELP.map((line) => fitText(line, width)), rows: HELP.length, columns: 1 }
    : tableOf(reading, state, width, page, nowMs, paint);
  const body = [...table.lines.slice(0, page + 1)];
  while (body.length < page + 1) body.push(' '.repeat(width));
  const lines = [
    titleLine(reading, width, nowMs, paint),
    viewsLine(reading, state, width, paint),
    ...body,
    eventLine(reading, width, paint),
    keysLine(state, width, paint),
  ];
  return {
    lines: lines.slice(0, Math.max(1, size.rows)),
    extent: { page, rows: table.rows, columns: table.columns },
  };
}

function titleLine(
  { members, streamsTotal, heardMs, problem }: TopReading,
  width: number,
  nowMs: number,
  paint: Paint,
): string {
  const ageMs = nowMs - heardMs;
  if (problem !== undefined || ageMs > STALE_MS) {
    const heard = heardMs === 0 ? 'nothing heard yet' : `last heard ${durationText(ageMs)} ago`;
    return paint.red(fitText(`headwater top  ${heard}${problem === undefined ? '' : `: ${problem}`}`, width));
  }
  const sum = (of: (one: TopReading['members'][number]) => number): number =>
    members.reduce((all, one) => all + (one.liveness === 'dead' || one.liveness === 'left' ? 0 : of(one)), 0);
  const self = members.find((one) => one.self)?.name ?? '?';
  const states = [...new Set(members.map(({ liveness }) => liveness))].map(
    (word) => `${members.filter(({ liveness }) => liveness === word).length} ${word}`,
  );
  const text = [
    `headwater top  ${cutText(self, 24)}`,
    `members ${states.join(', ')}`,
    `streams ${streamsTotal}`,
    `players ${sum(({ players }) => players)}`,
    `out ${bitRateText(sum(({ outboundKbps }) => outboundKbps))}`,
  ].join('  ');
  return paint.bold(fitText(text, width));
}

function viewsLine(reading: TopReading, state: TopState, width: number, paint: Paint): string {
  const names = TOP_VIEWS.map((view, index) =>
    view === state.view ? `[${index + 1} ${view}]` : ` ${index + 1} ${view} `,
  ).join(' ');
  const notes = [
    ...(state.isHeld ? ['held'] : []),
    ...(state.isTyping || state.filter !== '' ? [`/${state.filter}${state.isTyping ? '_' : ''}`] : []),
    ...(reading.hasMore && state.view !== 'members' && state.view !== 'events' ? ['first of more'] : []),
    ...(reading.missing.length === 0
      ? []
      : [`no answer: ${reading.missing.map(({ name }) => name).join(', ')}`]),
  ].join('  ');
  const text = fitText(`${names}  ${notes}`, width);
  return notes === '' ? text : paint.yellow(text);
}

interface Table {
  readonly lines: readonly string[];
  readonly rows: number;
  readonly columns: number;
}

function tableOf(
  reading: TopReading,
  state: TopState,
  width: number,
  page: number,
  nowMs: number,
  paint: Paint,
): Table {
  const sought = state.filter.toLowerCase();
  const table = <R>(columns: readonly TopColumn<R>[], all: readonly R[], empty: string): Table => {
    const rows = all.filter((row) =>
      columns.some((column) => column.text(row).toLowerCase().includes(sought)),
    );
    const column = columns[state.sort[state.view] % columns.length];
    const sorted = sortRows(rows, column, state.isReversed);
    const from = Math.min(state.from, Math.max(0, sorted.length - page));
    const shown = sorted.slice(from, from + page);
    const lines = renderRows(columns, sorted, shown, width, paint, { column, isReversed: state.isReversed });
    const nothing = all.length === 0 ? empty : 'Nothing has that in its name.';
    return {
      lines: rows.length === 0 ? [...lines, fitText(nothing, width)] : lines,
      rows: rows.length,
      columns: columns.length,
    };
  };
  switch (state.view) {
    case 'members':
      return table(memberColumns(), reading.members, 'No member is known.');
    case 'streams':
      return table(streamColumns(nowMs), reading.streams, 'Nobody publishes anything.');
    case 'clients':
      return table(clientColumns(nowMs), reading.clients, 'Nobody plays or publishes.');
    case 'events': {
      const found = reading.events.map(eventText).filter((text) => text.toLowerCase().includes(sought));
      if (!state.isReversed) found.reverse();
      const from = Math.min(state.from, Math.max(0, found.length - page));
      const head = paint.bold(fitText('EVENTS since this was started', width));
      const shown = found.slice(from, from + page).map((text) => fitText(text, width));
      return {
        lines: [head, ...(shown.length === 0 ? [fitText('Nothing happened yet.', width)] : shown)],
        rows: found.length,
        columns: 1,
      };
    }
  }
}

function eventLine({ events }: TopReading, width: number, paint: Paint): string {
  const last = events.at(-1);
  return paint.dim(fitText(last === undefined ? '' : `last: ${eventText(last)}`, width));
}

/** Words that are told first, or not at all. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['id', 'at', 'atMs', 'kind', 'key', 'seenBy', 'member']);

function eventText(event: TopEvent): string {
  const at = new Date(event.atMs);
  const time = Number.isNaN(at.getTime()) ? '?' : at.toISOString().slice(11, 23);
  const key = typeof event.key === 'string' ? [displayStreamKey(event.key)] : [];
  const words = Object.entries(event)
    .filter(([name]) => !NOT_SHOWN.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const seenBy = event.seenBy === undefined ? [] : [`(${event.seenBy})`];
  return [time, event.kind, ...key, ...words, ...seenBy].join(' ');
}

function keysLine(state: TopState, width: number, paint: Paint): string {
  const text = state.isTyping
    ? 'type what to look for; Enter: done, Esc: all'
    : 'q quit  1-4 Tab view  s S sort  r reverse  / find  j k PgUp PgDn scroll  Space hold  ? help';
  return paint.dim(fitText(text, width));
}

const HELP = [
  'KEYS',
  '1 2 3 4      members, streams, clients, events; Tab goes to the next',
  's  S         sort by the next column, or the one before; ▾ marks it',
  'r            the other way round',
  '/            show only what has some text in it; Esc: all again',
  'j k  PgDn PgUp  g G    scroll',
  'Space        hold what is shown, and go on',
  'q  Ctrl-C    quit',
  '',
  'Of streams the first 100 are read, with / those that begin so; of clients 500.',
  '* is the member that is asked. Any key closes this.',
];
