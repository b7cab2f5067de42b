import { displayStreamKey } from '@headwater/directory';
import { bitRateText, bytesText } from '../amounts.js';
import { durationText } from '../cli/duration-text.js';
import { livenessCell } from '../cli/liveness-cell.js';
import { mediaText } from '../cli/media-text.js';
import type { Style } from '../cli/paint.js';
import type { TopClient, TopMember, TopStream } from './top-reading.js';
import type { TopColumn } from './top-table.js';

/** Columns of each view; the first is what a row is called. `nowMs`: Unix. */

const RIGHT = { align: 'right' } as const;

const stateCell = (member: TopMember): { readonly text: string; readonly style?: Style } => {
  const cell = livenessCell(member);
  return typeof cell === 'string' ? { text: cell } : cell;
};

const mark = (member: TopMember): string => (member.self ? `${member.name} *` : member.name);

export function memberColumns(): readonly TopColumn<TopMember>[] {
  return [
    { title: 'MEMBER', rank: 0, text: mark, style: ({ self }) => (self ? 'bold' : undefined) },
    { title: 'ROLE', rank: 5, text: ({ role }) => role },
    {
      title: 'STATE',
      rank: 0,
      text: (one) => stateCell(one).text,
      style: (one) => stateCell(one).style,
    },
    { title: 'ZONE', rank: 7, text: ({ zone }) => zone ?? '-' },
    number('STREAMS', 2, ({ streams }) => streams),
    number('PUBLISHERS', 4, ({ publishers }) => publishers),
    number('PLAYERS', 1, ({ players }) => players),
    {
      title: 'OUT',
      ...RIGHT,
      rank: 3,
      text: ({ outboundKbps }) => bitRateText(outboundKbps),
      order: ({ outboundKbps }) => outboundKbps,
    },
    {
      title: 'RTT ms',
      ...RIGHT,
      rank: 6,
      text: ({ rttMs }) => (rttMs === undefined ? '-' : rttMs.toFixed(1)),
      order: ({ rttMs = -1 }) => rttMs,
    },
    { title: 'PROGRAM', rank: 8, text: ({ program }) => program, style: () => 'dim' },
  ];
}

const playersOf = ({ figures, players }: TopStream): number => figures?.players ?? players;

const switchText = ({ figures }: TopStream, nowMs: number): string => {
  const last = figures?.lastSwitch;
  if (last === undefined) return '-';
  return `${durationText(nowMs - last.atMs)} ago, ${last.isExact ? 'exact' : 'key frame'}`;
};

export function streamColumns(nowMs: number): readonly TopColumn<TopStream>[] {
  return [
    { title: 'STREAM', rank: 0, text: ({ key }) => displayStreamKey(key), style: () => 'bold' },
    {
      title: 'OWNERS',
      rank: 0,
      text: ({ owners }) =>
        owners.map(({ name, state }) => (state === 'silent' ? `${name} (silent)` : name)).join(', ') ||
        'nobody',
      style: ({ owners: [best] }) => (best === undefined || best.state === 'silent' ? 'yellow' : undefined),
    },
    {
      title: 'FOR',
      ...RIGHT,
      rank: 4,
      text: ({ owners: [best] }) => (best === undefined ? '-' : durationText(nowMs - best.sinceMs)),
      order: ({ owners: [best] }) => (best === undefined ? -1 : nowMs - best.sinceMs),
    },
    number('PLAYERS', 1, playersOf),
    {
      title: 'IN',
      ...RIGHT,
      rank: 2,
      text: ({ figures }) => (figures === undefined ? '-' : bitRateText(figures.kbpsIn)),
      order: ({ figures }) => figures?.kbpsIn ?? -1,
    },
    {
      title: 'RELAYS',
      ...RIGHT,
      rank: 3,
      text: ({ figures }) => (figures === undefined ? '-' : String(figures.relays)),
      order: ({ figures }) => figures?.relays ?? -1,
    },
    {
      title: 'LAST SWITCH',
      rank: 5,
      text: (stream) => switchText(stream, nowMs),
      order: ({ figures }) => figures?.lastSwitch?.atMs ?? -1,
    },
    {
      title: 'MEDIA',
      rank: 6,
      text: ({ owners: [best] }) => (best === undefined ? '-' : mediaText(best.media)),
      style: () => 'dim',
    },
  ];
}

export function clientColumns(nowMs: number): readonly TopColumn<TopClient>[] {
  return [
    { title: 'FROM', rank: 0, text: ({ remote }) => remote },
    { title: 'STREAM', rank: 0, text: ({ key }) => displayStreamKey(key), style: () => 'bold' },
    { title: 'ON', rank: 2, text: ({ name }) => name },
    { title: 'KIND', rank: 3, text: ({ kind }) => kind },
    {
      title: 'STATE',
      rank: 1,
      text: ({ state }) => state,
      style: ({ state }) => (state === 'waiting' || state === 'silent' ? 'yellow' : undefined),
    },
    { title: 'PROTOCOL', rank: 6, text: ({ protocol }) => protocol },
    {
      title: 'FOR',
      ...RIGHT,
      rank: 5,
      text: ({ sinceMs }) => durationText(nowMs - sinceMs),
      order: ({ sinceMs }) => nowMs - sinceMs,
    },
    {
      title: 'QUEUE',
      ...RIGHT,
      rank: 4,
      text: ({ queueBytes }) => bytesText(queueBytes),
      style: ({ queueBytes }) => (queueBytes > 0 ? 'yellow' : undefined),
      order: ({ queueBytes }) => queueBytes,
    },
    number('DROPPED', 7, ({ framesDropped }) => framesDropped),
    {
      title: 'BYTES',
      ...RIGHT,
      rank: 8,
      text: ({ bytes }) => bytesText(bytes),
      order: ({ bytes }) => bytes,
    },
    { title: 'ID', rank: 9, text: ({ id }) => id, style: () => 'dim' },
    { title: 'AGENT', rank: 10, text: ({ agent }) => agent, style: () => 'dim' },
  ];
}

function number<R>(title: string, rank: number, value: (row: R) => number): TopColumn<R> {
  return { title, align: 'right', rank, text: (row) => String(value(row)), order: value };
}
