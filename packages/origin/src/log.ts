import { type Logger, pino } from 'pino';
import type { OriginConfig } from './config/origin-config.js';

/** The member's log: one JSON object per line on stdout, or lines for people where that is a terminal. */
export function createLog(config: Pick<OriginConfig, 'name' | 'log'>, isTty: boolean): Logger {
  const pretty = config.log.format === 'pretty' || (config.log.format === 'auto' && isTty);
  return pino({
    level: config.log.level,
    base: { name: config.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    ...(pretty ? { transport: { target: 'pino-pretty', options: { ignore: 'name', singleLine: true } } } : {}),
  });
}
