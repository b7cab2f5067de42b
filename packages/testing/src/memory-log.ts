export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that a test can read. */
export class MemoryLog {
  readonly lines: LogLine[] = [];

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

  /** The fields of every line with this message. */
  of(msg: string): readonly LogLine['fields'][] {
    return this.lines.filter((line) => line.msg === msg).map((line) => line.fields);
  }

  #add(level: string, fields: object, msg: string): void {
    this.lines.push({ level, msg, fields: fields as LogLine['fields'] });
  }
}
