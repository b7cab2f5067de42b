/** The part of a pino logger that media uses: fields first, then a stable message. */
export interface MediaLog {
  debug(fields: object, msg: string): void;
  info(fields: object, msg: string): void;
  warn(fields: object, msg: string): void;
  error(fields: object, msg: string): void;
}
