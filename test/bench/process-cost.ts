import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/**
 * User and system time of the threads of a process that run, ms (Linux, Documentation/scheduler/sched-stats: the first field,
 * ns). In steps of 10 ms where the kernel does not tell it so (proc(5)).
 */
export function cpuTimeMs(pid: number): number {
  const threads = `/proc/${pid}/task`;
  try {
    return readdirSync(threads).reduce((sum, thread) => sum + ranMs(`${threads}/${thread}/schedstat`), 0);
  } catch {
    return timesMs(pid, 2);
  }
}

function ranMs(schedstat: string): number {
  return Number(readFileSync(schedstat, 'utf8').split(' ', 1)) / 1e6;
}

/** User and system time of a process and of all that it started and waited for, ms, in steps of 10 ms. */
export const cpuTimeWithChildrenMs = (pid: number): number => timesMs(pid, 4);

/** Sum of the first of utime, stime, cutime and cstime: the 14th to 17th field. */
function timesMs(pid: number, count: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 11 + count).reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
}

/** Memory of a process, its share of what others have mapped, too, such as Node's own program (Linux, `Pss`). */
export function shareMb(pid: number): number {
  const line = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  return Math.round(Number(line?.[1] ?? Number.NaN) / 1024);
}

export function residentMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1] ?? Number.NaN) / 1024);
}
