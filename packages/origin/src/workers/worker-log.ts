import type { FactLog } from '../log/quiet-log.js';
import type { FromWorker } from './messages.js';

type Level = Extract<FromWorker, { kind: 'log' }>['level'];

const ORDER: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
/** While main has so much to take, lines are lost, and counted, bytes. */
const BACKLOG_BYTES_MAX = 4 * 1024 * 1024;

/**
 * A worker's log: main writes its lines, so that there is one log, no line is torn, and what a disk does concerns main
 * alone. Those that main would not write are not sent.
 */
export class WorkerLog implements FactLog {
  readonly #post: (line: Extract<FromWorker, { kind: 'log' }>) => void;
  readonly #backlogBytes: () => number;
  #least: number;
  #lost = 0;

  constructor(
    level: string,
    post: (line: Extract<FromWorker, { kind: 'log' }>) => void,
    backlogBytes: () => number,
  ) {
    this.#least = ORDER.indexOf(level);
    this.#post = post;
    this.#backlogBytes = backlogBytes;
  }

  set level(level: string) {
    this.#least = ORDER.indexOf(level);
  }

  debug(fields: object, msg: string): void {
    this.#tell('debug', fields, msg);
  }
  info(fields: object, msg: string): void {
    this.#tell('info', fields, msg);
  }
  warn(fields: object, msg: string): void {
    this.#tell('warn', fields, msg);
  }
  error(fields: object, msg: string): void {
    this.#tell('error', fields, msg);
  }
  fatal(fields: object, msg: string): void {
    this.#tell('fatal', fields, msg);
  }

  #tell(level: Level, fields: object, msg: string): void {
    if (ORDER.indexOf(level) < this.#least) return;
    // Why a worker ends is its last word.
    if (level !== 'fatal' && this.#backlogBytes() > BACKLOG_BYTES_MAX) {
      this.#lost += 1;
      return;
    }
    if (this.#lost > 0) {
      const lines = this.#lost;
      this.#lost = 0;
      this.#post({
        kind: 'log',
        level: 'warn',
        fields: { lines, reason: 'main-too-slow' },
        msg: 'log lines lost',
      });
    }
    this.#post({ kind: 'log', level, fields: sendable(fields), msg });
  }
}

/** Errors keep their code, which V8's serialisation would leave behind; what cannot be sent becomes text. */
function sendable(fields: object): object {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error) {
      const { name: type, message, stack } = value;
      result[name] = { type, message, stack, ...('code' in value && { code: String(value.code) }) };
    } else if (typeof value === 'function' || typeof value === 'symbol') result[name] = String(value);
    else result[name] = value;
  }
  return result;
}
