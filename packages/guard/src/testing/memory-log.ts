import type { GuardLog } from '../guard-log.js';

export interface GuardLine {
  readonly level: string;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that a test can read. */
export class MemoryLog implements GuardLog {
  readonly lines: GuardLine[] = [];

  debug(fields: object, msg: string): void {
    this.#add('debug', fields, msg);
  }
  info(fields: object, msg: string): void {
    this.#add('info', fields, msg);
  }
  warn(fields: object, msg: string): void {
    this.#add('warn', fields, msg);
  }
  error(fields: object, msg: string): void {
    this.#add('error', fields, msg);
  }

  of(msg: string): readonly GuardLine['fields'][] {
    return this.lines.filter((line) => line.msg === msg).map(({ fields }) => fields);
  }

  #add(level: string, fields: object, msg: string): void {
    this.lines.push({ level, msg, fields: fields as GuardLine['fields'] });
  }
}
