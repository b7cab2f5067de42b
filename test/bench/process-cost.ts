import { readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** User and system time of all threads of a process since its start, ms, in steps of 10 ms (Linux, proc(5)). */
export const cpuTimeMs = (pid: number): number => timesMs(pid, 2);

/** The same with all that it started and waited for. */
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
