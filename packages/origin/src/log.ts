import { type Logger, pino } from 'pino';
import { default as pinoPretty } from 'pino-pretty';
import type { OriginConfig } from './config/origin-config.js';
import { LogOutput } from './log-output.js';

/** The member's log: one JSON object per line on stdout, or lines for people where that is a terminal. */
export function createLog(config: Pick<OriginConfig, 'name' | 'log'>, isTty: boolean): Logger {
  const pretty = config.log.format === 'pretty' || (config.log.format === 'auto' && isTty);
  const options = {
    level: config.log.level,
    base: { name: config.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (pretty) return pino(options, pinoPretty({ ignore: 'name', singleLine: true, sync: true }));
  const output = new LogOutput();
  process.once('exit', () => output.flushNow());
  return pino(options, output);
}
