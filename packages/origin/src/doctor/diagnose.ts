import type { MemberId } from '@headwater/directory';
import type { ClockOffset } from '../trace/stream-trace.js';
import type { Checkup } from './checkup.js';

/** `critical`: plays or publishes fail, or soon will. `warning`: they will where something else fails, too. */
export type Weight = 'critical' | 'warning' | 'note';

export interface Finding {
  readonly weight: Weight;
  /** Stable code. */
  readonly code: string;
  /** Name of the member that it is about. */
  readonly name: string;
  /** What is wrong, and what to do. */
  readonly text: string;
}

export interface Examined {
  readonly member: MemberId;
  readonly name: string;
  readonly checkup: Checkup;
  readonly clock: ClockOffset;
}

/** Clocks that differ by more are told of, ms; claims are ordered by them, tokens end by them. */
const CLOCK_MS_MAX = 2_000;
/** Beside connections: files, the mesh, the API. */
const FILES_BESIDE = 200;
const DISK_FREE_BYTES_MIN = 100 * 1024 * 1024;

const WEIGHTS: readonly Weight[] = ['critical', 'warning', 'note'];

/**
 * What is wrong with a mesh, in order of weight. `names`: of members by id. `missing`: who did not answer. `dead`: names of those
 * that are taken for dead and have not come back.
 */
export function diagnose(
  all: readonly Examined[],
  missing: readonly { readonly name: string; readonly reason: string }[],
  names: (member: MemberId) => string,
  dead: readonly string[] = [],
): readonly Finding[] {
  const findings = [
    ...dead.map(
      (name): Finding => ({
        weight: 'warning',
        code: 'member-dead',
        name,
        text: 'it is taken for dead: start it again, or see why it hangs; who is gone for good is forgotten within an hour',
      }),
    ),
    ...missing.map(
      ({ name, reason }): Finding => ({
        weight: reason === 'unknown-question' || reason === 'not-supported' ? 'note' : 'critical',
        code: 'no-answer',
        name,
        text: `it did not answer: ${reason}`,
      }),
    ),
    ...all.flatMap((one) => ofMember(one, names)),
    ...differences(all),
  ];
  return findings.sort((a, b) => WEIGHTS.indexOf(a.weight) - WEIGHTS.indexOf(b.weight));
}

function ofMember({ name, checkup, clock }: Examined, names: (member: MemberId) => string): Finding[] {
  const found: Finding[] = [];
  const tell = (weight: Weight, code: string, text: string): void => {
    found.push({ weight, code, name, text });
  };
  const { seedsUnreached, seedsForeign, waitingFor, disputed, unreached } = checkup;
  if (disputed)
    tell(
      'critical',
      'identity-disputed',
      'another process has its identity: give each member a dataDir of its own',
    );
  if (waitingFor !== undefined) tell('critical', 'not-joined', `it is not in the mesh yet: ${waitingFor}`);
  for (const { worker, why } of checkup.workersDown ?? [])
    tell(
      'critical',
      'worker-down',
      `its media worker ${worker} takes no connections (${why}); its log says why, by worker ended`,
    );
  for (const seed of seedsForeign)
    tell(
      'critical',
      'seed-foreign',
      `the seed ${seed} takes connections, and is no member that it is connected with: does it have another mesh.key, or hang?`,
    );
  for (const seed of seedsUnreached)
    tell(
      'warning',
      'seed-unreached',
      `the seed ${seed} takes no connection: is it down, or is the port closed?`,
    );
  for (const { member, address } of unreached)
    tell(
      'critical',
      'member-unreached',
      `it cannot pull from ${names(member)} at ${address}: open that port, or set relay.advertise there`,
    );
  const { aheadMs, withinMs } = clock;
  if (Math.abs(aheadMs) - withinMs > CLOCK_MS_MAX)
    tell(
      'warning',
      'clock-off',
      `its clock is ${Math.abs(aheadMs)} ms ${aheadMs > 0 ? 'ahead' : 'behind'}: claims are ordered, and tokens end, by it`,
    );
  const { filesMax, filesOpen = 0, connectionsMax, diskFreeBytes } = checkup;
  if (filesMax !== undefined && filesOpen > filesMax * 0.9)
    tell(
      'critical',
      'files-used-up',
      `${filesOpen} of ${filesMax} files are open: raise the limit (LimitNOFILE, ulimit -n)`,
    );
  else if (filesMax !== undefined && filesMax < connectionsMax + FILES_BESIDE)
    tell(
      'warning',
      'files-few',
      `it may open ${filesMax} files, and take ${connectionsMax} connections (limits.connectionsMax): raise the limit to ${connectionsMax + FILES_BESIDE}`,
    );
  if (diskFreeBytes !== undefined && diskFreeBytes < DISK_FREE_BYTES_MIN)
    tell(
      'warning',
      'disk-full',
      `${Math.floor(diskFreeBytes / 1024 / 1024)} MiB are left where its dataDir is`,
    );
  return found;
}

/** What is not alike: told of the members that are fewer. */
function differences(all: readonly Examined[]): Finding[] {
  const keys = [...new Set(all.flatMap(({ checkup }) => Object.keys(checkup.settings)))];
  return [
    ...different(all, ({ program }) => program).map(
      ([name, its, most]): Finding => ({
        weight: 'note',
        code: 'release-differs',
        name,
        text: `it runs release ${its}, most run ${most}`,
      }),
    ),
    ...keys.flatMap((key) =>
      different(all, ({ settings }) => settings[key]).map(([name, its, most]): Finding => {
        const isDigest = key.endsWith('auth') || key === 'apps';
        const values = isDigest ? '' : `: ${its || 'none'} here, ${most || 'none'} on most`;
        return {
          weight: 'warning',
          code: 'config-differs',
          name,
          text: `${key} differs from other members'${values}`,
        };
      }),
    ),
  ];
}

function different(
  all: readonly Examined[],
  of: (checkup: Checkup) => string | undefined,
): (readonly [name: string, its: string, most: string])[] {
  const counts = new Map<string, number>();
  for (const { checkup } of all) {
    const value = of(checkup);
    // A member of another release may not know of it.
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  if (most === undefined || counts.size < 2) return [];
  return all.flatMap(({ name, checkup }) => {
    const value = of(checkup);
    return value === undefined || value === most[0] ? [] : [[name, value, most[0]] as const];
  });
}
