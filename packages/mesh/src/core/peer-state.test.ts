import { describe, expect, it } from 'vitest';
import {
  isSynced,
  type Life,
  type LinkState,
  nextState,
  type PeerEvent,
  type PeerState,
} from './peer-state.js';

const LIVES: Readonly<Record<Life['kind'], Life>> = {
  stranger: { kind: 'stranger' },
  alive: { kind: 'alive', isSynced: false },
  unreachable: { kind: 'unreachable', isSynced: false },
  suspect: { kind: 'suspect', isSynced: false },
  dead: { kind: 'dead', isSynced: false, since: 10 },
  left: { kind: 'left', isSynced: false, since: 10, generation: 5 },
};

const LINKS: Readonly<Record<LinkState['kind'], LinkState>> = {
  none: { kind: 'none' },
  open: { kind: 'open' },
  greeted: { kind: 'greeted' },
  incompatible: { kind: 'incompatible', since: 20 },
};

const EVENTS = {
  connected: { kind: 'connected' },
  disconnected: { kind: 'disconnected' },
  greeted: { kind: 'greeted' },
  incompatible: { kind: 'incompatible', at: 30 },
  witnessed: { kind: 'witnessed' },
  'judged alive': { kind: 'judged', liveness: 'alive', at: 30 },
  'judged unreachable': { kind: 'judged', liveness: 'unreachable', at: 30 },
  'judged suspect': { kind: 'judged', liveness: 'suspect', at: 30 },
  'judged dead': { kind: 'judged', liveness: 'dead', at: 30 },
  synced: { kind: 'synced' },
  'left, same start': { kind: 'left', generation: 5, at: 30 },
  'left, newer start': { kind: 'left', generation: 6, at: 30 },
} as const satisfies Record<string, PeerEvent>;

/** For each event and life, what becomes of it on each link (none, open, greeted, incompatible): `life/link`; `-`: nothing. */
const TABLE: Readonly<Record<keyof typeof EVENTS, Readonly<Record<Life['kind'], string>>>> = {
  connected: {
    stranger: '   stranger/open            -                        -                        -',
    alive: '      alive/open               -                        -                        -',
    unreachable: 'unreachable/open         -                        -                        -',
    suspect: '    suspect/open             -                        -                        -',
    dead: '       dead/open                -                        -                        -',
    left: '       left/open                -                        -                        -',
  },
  disconnected: {
    stranger: '   -                        stranger/none            stranger/none            stranger/none',
    alive: '      -                        alive/none               alive/none               alive/none',
    unreachable:
      '-                        unreachable/none         unreachable/none         unreachable/none',
    suspect: '    -                        suspect/none             suspect/none             suspect/none',
    dead: '       -                        dead/none                dead/none                dead/none',
    left: '       -                        left/none                left/none                left/none',
  },
  greeted: {
    stranger: '   -                        alive/greeted            alive/greeted            alive/greeted',
    alive: '      -                        alive/greeted            alive/greeted            alive/greeted',
    unreachable: '-                        alive/greeted            alive/greeted            alive/greeted',
    suspect: '    -                        alive/greeted            alive/greeted            alive/greeted',
    dead: '       -                        alive/greeted            alive/greeted            alive/greeted',
    left: '       -                        alive/greeted            alive/greeted            alive/greeted',
  },
  incompatible: {
    stranger: '   -                        stranger/incompatible    stranger/incompatible    -',
    alive: '      -                        alive/incompatible       alive/incompatible       -',
    unreachable: '-                        unreachable/incompatible unreachable/incompatible -',
    suspect: '    -                        suspect/incompatible     suspect/incompatible     -',
    dead: '       -                        dead/incompatible        dead/incompatible        -',
    left: '       -                        left/incompatible        left/incompatible        -',
  },
  witnessed: {
    stranger:
      '   unreachable/none         unreachable/open         unreachable/greeted      unreachable/incompatible',
    alive: '      -                        -                        -                        -',
    unreachable: '-                        -                        -                        -',
    suspect: '    -                        -                        -                        -',
    dead: '       -                        -                        -                        -',
    left: '       unreachable/none         unreachable/open         unreachable/greeted      unreachable/incompatible',
  },
  'judged alive': {
    stranger: '   -                        -                        -                        -',
    alive: '      -                        -                        -                        -',
    unreachable:
      'alive/none               alive/open               alive/greeted            alive/incompatible',
    suspect:
      '    alive/none               alive/open               alive/greeted            alive/incompatible',
    dead: '       -                        -                        alive/greeted            -',
    left: '       -                        -                        -                        -',
  },
  'judged unreachable': {
    stranger: '   -                        -                        -                        -',
    alive:
      '      unreachable/none         unreachable/open         unreachable/greeted      unreachable/incompatible',
    unreachable: '-                        -                        -                        -',
    suspect:
      '    unreachable/none         unreachable/open         unreachable/greeted      unreachable/incompatible',
    dead: '       unreachable/none         unreachable/open         unreachable/greeted      unreachable/incompatible',
    left: '       -                        -                        -                        -',
  },
  'judged suspect': {
    stranger: '   -                        -                        -                        -',
    alive:
      '      suspect/none             suspect/open             suspect/greeted          suspect/incompatible',
    unreachable:
      'suspect/none             suspect/open             suspect/greeted          suspect/incompatible',
    suspect: '    -                        -                        -                        -',
    dead: '       -                        -                        suspect/greeted          -',
    left: '       -                        -                        -                        -',
  },
  'judged dead': {
    stranger: '   -                        -                        -                        -',
    alive:
      '      dead/none                dead/open                dead/greeted             dead/incompatible',
    unreachable:
      'dead/none                dead/open                dead/greeted             dead/incompatible',
    suspect:
      '    dead/none                dead/open                dead/greeted             dead/incompatible',
    dead: '       -                        -                        -                        -',
    left: '       -                        -                        -                        -',
  },
  synced: {
    stranger: '   -                        -                        -                        -',
    alive:
      '      alive/none               alive/open               alive/greeted            alive/incompatible',
    unreachable:
      'unreachable/none         unreachable/open         unreachable/greeted      unreachable/incompatible',
    suspect:
      '    suspect/none             suspect/open             suspect/greeted          suspect/incompatible',
    dead: '       dead/none                dead/open                dead/greeted             dead/incompatible',
    left: '       left/none                left/open                left/greeted             left/incompatible',
  },
  'left, same start': {
    stranger: '   -                        -                        -                        -',
    alive:
      '      left/none                left/open                left/greeted             left/incompatible',
    unreachable:
      'left/none                left/open                left/greeted             left/incompatible',
    suspect:
      '    left/none                left/open                left/greeted             left/incompatible',
    dead: '       left/none                left/open                left/greeted             left/incompatible',
    left: '       -                        -                        -                        -',
  },
  'left, newer start': {
    stranger: '   -                        -                        -                        -',
    alive:
      '      left/none                left/open                left/greeted             left/incompatible',
    unreachable:
      'left/none                left/open                left/greeted             left/incompatible',
    suspect:
      '    left/none                left/open                left/greeted             left/incompatible',
    dead: '       left/none                left/open                left/greeted             left/incompatible',
    left: '       left/none                left/open                left/greeted             left/incompatible',
  },
};

const cases = Object.entries(TABLE).flatMap(([event, rows]) =>
  Object.entries(rows).flatMap(([life, row]) => {
    const outcomes = row.trim().split(/\s+/);
    return Object.keys(LINKS).map((link, column) => ({ event, life, link, outcome: outcomes[column] ?? '' }));
  }),
);

const stateOf = (life: string, link: string): PeerState => ({
  life: LIVES[life as Life['kind']],
  link: LINKS[link as LinkState['kind']],
});

describe('nextState', () => {
  it.each(cases)('$event: $life/$link becomes $outcome', ({ event, life, link, outcome }) => {
    const state = stateOf(life, link);
    const next = nextState(state, EVENTS[event as keyof typeof EVENTS]);
    expect(next === state ? '-' : `${next.life.kind}/${next.link.kind}`).toBe(outcome);
    // What an event does not move stays as it was, with all that is known of it.
    if (next.link.kind === link) expect(next.link).toEqual(state.link);
    const isSameLife = next.life.kind === life && event !== 'synced' && !event.startsWith('left');
    if (isSameLife) expect(next.life).toEqual(state.life);
  });

  it('tells since when, and which start left', () => {
    const alive = stateOf('alive', 'none');
    expect(nextState(alive, EVENTS.connected).link).toEqual({ kind: 'open' });
    expect(nextState(alive, EVENTS['judged dead']).life).toEqual({
      kind: 'dead',
      isSynced: false,
      since: 30,
    });
    for (const life of ['alive', 'dead', 'left'])
      expect(nextState(stateOf(life, 'none'), EVENTS['left, newer start']).life).toEqual({
        kind: 'left',
        isSynced: false,
        since: 30,
        generation: 6,
      });
  });

  it('remembers that the whole log was held', () => {
    const walk = [
      EVENTS.synced,
      EVENTS['judged suspect'],
      EVENTS['judged dead'],
      EVENTS.disconnected,
      EVENTS.connected,
      EVENTS.greeted,
      EVENTS['left, newer start'],
    ];
    let state = stateOf('alive', 'greeted');
    expect([LIVES.stranger, state.life].map(isSynced)).toEqual([false, false]);
    for (const event of walk) {
      state = nextState(state, event);
      expect(isSynced(state.life)).toBe(true);
      expect(nextState(state, EVENTS.synced)).toBe(state);
    }
  });
});
