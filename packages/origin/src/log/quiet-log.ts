import { RepeatedWarnings, type Repeats, type Warning } from './repeated-warnings.js';

/** The part of a logger that mesh and media use. */
export interface FactLog {
  debug(fields: object, msg: string): void;
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
  error(fields: object, msg: string): void;
}

type Fields = Readonly<Record<string, unknown>>;

/** What a line is about, unless `ABOUT` says otherwise; the reason is not part of it. */
const ABOUT_FIELDS = [
  'member',
  'peer',
  'seed',
  'remote',
  'key',
  'ownerId',
  'client',
  'protocol',
  'path',
  'task',
];

/** Each of these is worth its line: it comes once by itself, counts itself, or is a state that people act on. */
const TOLD_ALWAYS = new Set([
  'another member uses this identity key',
  'config warning',
  'member cut off',
  'member dead',
  'mesh handshake refused',
  'message dropped',
  'stranger on the mesh port',
  'two members use the same identity key',
]);

/** What goes to and fro, or has a stack to look at: told some times before it is only counted. */
const TOLD_SOME_TIMES = new Set([
  'api bug',
  'connection ended by a fault',
  'connection with a member ended by a fault',
  'member full',
  'member has room again',
  'member suspect',
  'mesh listener failed',
  'publisher sends again',
  'publisher silent',
  'relay lost its owner',
  'relay stalls',
  'task ended by a fault',
]);
const SOME_TIMES = 10;

/** What says itself that it has ended. */
const ENDED_BY: Readonly<Record<string, string>> = { 'seed reached': 'seed not reached' };
const ENDED_BY_WORDS = new Set(Object.values(ENDED_BY));

/** Why a connection is refused whoever it comes from. */
const OF_ALL = new Set<unknown>(['connections-max', 'workers-not-ready']);

/** How often it is looked for what has ended, ms. */
const LOOK_EVERY_MS = 5_000;

/**
 * A log whose warnings and errors do not repeat: what is told again and again is counted, and said once when it is over
 * (`warning ended`). With `log.level: debug` each line is there.
 */
export class QuietLog implements FactLog {
  readonly #log: FactLog;
  readonly #now: () => number;
  readonly #warnings = new RepeatedWarnings();
  readonly #timer: NodeJS.Timeout;

  /** `now`: monotonic, ms. */
  constructor(log: FactLog, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  debug(fields: object, msg: string): void {
    this.#log.debug(fields, msg);
  }

  info(fields: object, msg: string): void {
    const warning = ENDED_BY[msg];
    const ended = warning === undefined ? null : this.#warnings.end(warning, aboutOf(fields, warning));
    this.#log.info(ended === null ? fields : { ...fields, warnings: ended.count }, msg);
  }

  warn(fields: object, msg: string): void {
    if (this.#isTold(fields, msg)) this.#log.warn(fields, msg);
    else this.#log.debug(fields, msg);
  }

  error(fields: object, msg: string): void {
    if (this.#isTold(fields, msg)) this.#log.error(fields, msg);
    else this.#log.debug(fields, msg);
  }

  /** Tells what has ended, and what goes on for long. */
  look(): void {
    const nowMs = this.#now();
    this.#tell('warning ended', this.#warnings.quiet(nowMs));
    this.#tell('warning goes on', this.#warnings.lasting(nowMs));
  }

  /** The log ends: tells what was counted. */
  close(): void {
    clearInterval(this.#timer);
    this.#tell('warning ended', this.#warnings.endAll());
  }

  #isTold(fields: object, msg: string): boolean {
    if (TOLD_ALWAYS.has(msg)) return true;
    const warning: Warning = {
      msg,
      about: aboutOf(fields, msg),
      toldMax: TOLD_SOME_TIMES.has(msg) ? SOME_TIMES : 1,
      isEndedByQuiet: !ENDED_BY_WORDS.has(msg),
    };
    return this.#warnings.heard(warning, this.#now());
  }

  #tell(msg: string, repeats: readonly Repeats[]): void {
    for (const { msg: warning, about, count, forMs } of repeats)
      this.#log.warn({ warning, ...about, count, forMs }, msg);
  }
}

function aboutOf(fields: object, msg: string): Fields {
  const given = fields as Fields;
  // A member that is full, or has no worker, refuses everybody: only who takes too much for itself is named.
  const isOfAll = msg === 'connection refused' && OF_ALL.has(given.reason);
  // A hook's server that is down is one trouble, whoever it was asked about.
  const names = given.hook !== undefined ? ['hook'] : isOfAll ? ['protocol'] : ABOUT_FIELDS;
  const about: Record<string, unknown> = {};
  for (const name of names) if (given[name] !== undefined) about[name] = given[name];
  if (msg === 'connection refused') about.reason = given.reason;
  // A client comes from another port each time. Some are told without one, and IPv6 has colons of its own.
  if (typeof about.client === 'string') about.client = about.client.replace(/^(\[.*\]|[^:]*):\d+$/, '$1');
  const place = placeOf(given.err);
  if (place === null) return about;
  // One fault of ours is one trouble, whoever runs into it.
  return { ...(about.task === undefined ? {} : { task: about.task }), place };
}

/** Where an error was thrown: the first line of its stack. */
function placeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const line = /^\s+at (.*)$/m.exec(error.stack ?? '')?.[1];
  return line ?? error.message;
}
