import type { LogLine } from '../support/origin-process.js';
import type { SoakFault } from './plan.js';

/** Beside faults: members start, or the machine is so busy that this process, too, was not run in time. */
export type Reason = SoakFault['kind'] | 'started' | 'machine-busy';

/** What ends a member's processes, or lets them hang. */
const MEMBERS: readonly Reason[] = ['killed', 'hung', 'restarted', 'rolling-restart'];
/** Why a member may seem to be gone. */
const GONE = [...MEMBERS, 'machine-busy'] as const;
const ENCODERS: readonly Reason[] = ['silent', 'closed', 'moved'];

/** Warnings that are right after a fault of these kinds, by their messages. */
const EXPLAINED: Readonly<Record<string, readonly Reason[]>> = {
  'publisher silent': ['silent', 'hung', 'machine-busy'],
  'publisher sends again': ['silent', 'hung', 'machine-busy'],
  'relay lost its owner': [...MEMBERS, ...ENCODERS, 'worker-killed'],
  'relay stalls': [...MEMBERS, 'silent', 'worker-killed', 'machine-busy'],
  'worker ended': ['worker-killed', 'hung', 'killed'],
  'worker disconnected': ['worker-killed', 'hung', 'killed'],
  // A member that hangs reads nothing, and one that hung has much to send at once.
  'player disconnected': ['hung'],
  'member suspect': GONE,
  'member unreachable': GONE,
  'member dead': GONE,
  'seed not reached': ['started', ...MEMBERS],
  'mesh handshake failed': MEMBERS,
  // It was stopped, or had to wait for a core.
  'event loop stalled': ['hung', 'started', 'machine-busy'],
  'connection refused': ['worker-killed'],
  // Its only worker starts again.
  'member full': ['worker-killed'],
  'member has room again': ['worker-killed'],
};

/** A repeated warning is counted, and told under one of these messages once it has ended or goes on. */
const REPEATED = ['warning ended', 'warning goes on'];

/** Whether the recent faults are reason enough for a warning. */
export function isExplained(line: LogLine, recent: ReadonlySet<Reason>): boolean {
  // Its first line was judged by itself, perhaps minutes ago.
  if (REPEATED.includes(line.msg)) return EXPLAINED[String(line.warning)] !== undefined;
  return (EXPLAINED[line.msg] ?? []).some((kind) => recent.has(kind));
}
