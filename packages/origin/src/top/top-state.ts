/** What one looks at, and how. Keys change it; time does not. */

export const TOP_VIEWS = ['members', 'streams', 'clients', 'events'] as const;
export type TopView = (typeof TOP_VIEWS)[number];

export interface TopState {
  readonly view: TopView;
  /** Index of the column that is sorted by, in each view. */
  readonly sort: Readonly<Record<TopView, number>>;
  readonly isReversed: boolean;
  /** Lines that are scrolled past. */
  readonly from: number;
  /** Only what has this in its name. */
  readonly filter: string;
  /** The filter is being typed. */
  readonly isTyping: boolean;
  /** Nothing new is shown. */
  readonly isHeld: boolean;
  readonly isHelpShown: boolean;
}

export const TOP_START: TopState = {
  view: 'members',
  sort: { members: 0, streams: 0, clients: 0, events: 0 },
  isReversed: false,
  from: 0,
  filter: '',
  isTyping: false,
  isHeld: false,
  isHelpShown: false,
};

/** Longest filter: that of the API's `prefix` is the name of a stream. */
const FILTER_LENGTH_MAX = 200;

/** What the screen has at the moment: how far one may scroll, and by which columns one may sort. */
export interface TopExtent {
  /** Lines that a page has room for. */
  readonly page: number;
  readonly rows: number;
  readonly columns: number;
}

/** The state after a key, as a terminal sends it; null: it ends. Keys without a meaning change nothing. */
export function pressKey(state: TopState, key: string, extent: TopExtent): TopState | null {
  if (key === '\u0003') return null;
  if (state.isTyping) return typeKey(state, key);
  if (state.isHelpShown) return key === 'q' ? null : { ...state, isHelpShown: false };
  const last = Math.max(0, extent.rows - extent.page);
  const scrollTo = (from: number): TopState => ({ ...state, from: Math.min(last, Math.max(0, from)) });
  switch (key) {
    case 'q':
    case 'Q':
    case '\u0004':
      return null;
    case '\t':
    case RIGHT:
      return look(state, 1);
    case BACK_TAB:
    case LEFT:
      return look(state, -1);
    case '1':
    case '2':
    case '3':
    case '4':
      return { ...state, view: TOP_VIEWS[Number(key) - 1] ?? state.view, from: 0 };
    case 's':
    case 'S': {
      const step = key === 's' ? 1 : -1;
      const column = (state.sort[state.view] + step + extent.columns) % Math.max(1, extent.columns);
      return { ...state, sort: { ...state.sort, [state.view]: column }, isReversed: false };
    }
    case 'r':
      return { ...state, isReversed: !state.isReversed };
    case '/':
      return { ...state, isTyping: true };
    case ESCAPE:
      return { ...state, filter: '', from: 0 };
    case ' ':
      return { ...state, isHeld: !state.isHeld };
    case '?':
    case 'h':
      return { ...state, isHelpShown: true };
    case 'k':
    case UP:
      return scrollTo(state.from - 1);
    case 'j':
    case DOWN:
      return scrollTo(state.from + 1);
    case PAGE_UP:
      return scrollTo(state.from - extent.page);
    case PAGE_DOWN:
      return scrollTo(state.from + extent.page);
    case 'g':
    case HOME:
      return scrollTo(0);
    case 'G':
    case END:
      return scrollTo(last);
    default:
      return state;
  }
}

function look(state: TopState, step: number): TopState {
  const at = (TOP_VIEWS.indexOf(state.view) + step + TOP_VIEWS.length) % TOP_VIEWS.length;
  return { ...state, view: TOP_VIEWS[at] ?? state.view, from: 0 };
}

function typeKey(state: TopState, key: string): TopState {
  if (key === '\r' || key === '\n') return { ...state, isTyping: false };
  if (key === ESCAPE) return { ...state, isTyping: false, filter: '', from: 0 };
  if (key === '\u007f' || key === '\b')
    return { ...state, filter: [...state.filter].slice(0, -1).join(''), from: 0 };
  if (key.startsWith(ESCAPE) || /\p{Cc}/u.test(key)) return state;
  return { ...state, filter: [...state.filter, ...key].slice(0, FILTER_LENGTH_MAX).join(''), from: 0 };
}

const ESCAPE = '\u001b';
const UP = '\u001b[A';
const DOWN = '\u001b[B';
const RIGHT = '\u001b[C';
const LEFT = '\u001b[D';
const BACK_TAB = '\u001b[Z';
const PAGE_UP = '\u001b[5~';
const PAGE_DOWN = '\u001b[6~';
const HOME = '\u001b[H';
const END = '\u001b[F';

/** Ways in which terminals write the same key. */
const ALSO: Readonly<Record<string, string>> = {
  '\u001bOA': UP,
  '\u001bOB': DOWN,
  '\u001bOC': RIGHT,
  '\u001bOD': LEFT,
  '\u001bOH': HOME,
  '\u001bOF': END,
  '\u001b[1~': HOME,
  '\u001b[4~': END,
};

/** The keys in what a terminal sent at once: sequences that begin with an escape stay whole. */
export function keysOf(text: string): readonly string[] {
  // ECMA-48: CSI, parameters, one final byte; and what DEC's terminals send in application mode.
  const keys = text.match(KEY) ?? [];
  return keys.map((key) => ALSO[key] ?? key);
}

const KEY = new RegExp(`${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|O[@-~])|[\\s\\S]`, 'gu');
