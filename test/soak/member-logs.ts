import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventLog } from '../chaos/event-log.js';
import type { Cluster } from '../support/cluster.js';
import { isWarning, type LogTally } from './log-tally.js';

const TEXT_MAX = 400;

/** Takes what members say as they say it, so that hours of it need no memory. */
export class MemberLogs {
  readonly #cluster: Cluster;
  readonly #tally: LogTally;
  readonly #log: EventLog;
  readonly #folder: string | undefined;

  constructor(cluster: Cluster, tally: LogTally, log: EventLog, folder: string | undefined) {
    this.#cluster = cluster;
    this.#tally = tally;
    this.#log = log;
    this.#folder = folder;
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
  }

  /** Warnings are noted among the events; errors that no fault explains are violations. */
  take(): void {
    for (const member of this.#cluster.members) {
      const { logs, stderr } = member.takeOutput();
      for (const line of logs) {
        const isUnexplained = this.#tally.take(member.name, line, this.#log.nowMs());
        if (!isWarning(line)) continue;
        const text = JSON.stringify(line).slice(0, TEXT_MAX);
        if (isUnexplained && line.level !== 'warn')
          this.#log.violated('member', member.name, `logged ${text}`);
        else this.#log.note(`${member.name} logged ${text}${isUnexplained ? ' (unexplained)' : ''}`);
      }
      for (const text of stderr)
        if (/error|unhandled|warning/i.test(text))
          this.#log.violated('member', member.name, `said ${text.slice(0, TEXT_MAX)}`);
      if (this.#folder === undefined) continue;
      const all = [...logs.map((line) => JSON.stringify(line)), ...stderr];
      if (all.length > 0) appendFileSync(join(this.#folder, `${member.name}.log`), `${all.join('\n')}\n`);
    }
  }
}
