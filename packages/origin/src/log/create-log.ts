import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { OriginConfig } from '../config/origin-config.js';
import { LogOutput } from './log-output.js';
import { maskSecrets } from './mask-secrets.js';

/** The member's log: one JSON object per line on stdout, or lines for people where that is a terminal. */
export function createLog(config: Pick<OriginConfig, 'name' | 'log'>, isTty: boolean): Logger {
  const pretty = config.log.format === 'pretty' || (config.log.format === 'auto' && isTty);
  const options = {
    level: config.log.level,
    base: { name: config.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const shown = pretty ? prettyFactory({ ignore: 'name', singleLine: true }) : (line: string) => line;
  const output = new LogOutput({ format: (line) => shown(maskSecrets(line)) });
  process.once('exit', () => output.flushNow());
  return pino(options, output);
}
