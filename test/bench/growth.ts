import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ScaleFigures, scaleOf } from '../simulation/scale.js';
import { startMeshProcesses } from '../support/mesh-process.js';
import { flag, wholes } from '../support/options.js';
import { REPOSITORY } from '../support/repository.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { machine } from './figures.js';
import { costPage } from './growth-page.js';
import { claimTimes, joinTime } from './scale.js';

const IDLE_MS = 10_000;
/** Rosters are told less and less often while nobody comes. */
const SETTLE_MS = 15_000;

/** Real processes on this machine. */
export interface MembersRow {
  readonly members: number;
  /** Of one member, mean. */
  readonly idleCorePercent: number;
  /** Of one member, each way, payload of TCP. */
  readonly idleKBytesPerSecond: number;
  readonly claimP50Ms: number;
  readonly claimP99Ms: number;
  /** 5,000 claims of one member at once, until the last member has them. */
  readonly burstMs: number;
  readonly burstCpuMsOfAll: number;
}

export interface StreamsRow {
  readonly streams: number;
  readonly joinMs: number;
  readonly bytesPerStream: number;
}

export interface Growth {
  readonly members: readonly MembersRow[];
  readonly streams: readonly StreamsRow[];
  readonly counted: readonly ScaleFigures[];
}

/** How the mesh's cost grows with members and streams; `--write` puts it into docs/cost.md and its drawing. */
export const growth = bench(
  "how the mesh's cost grows with members and streams: the figures of docs/cost.md",
  {
    members: wholes('sizes of a mesh of processes', { default: [3, 5, 10, 20, 30], min: 2 }),
    streams: wholes('streams of one member', { default: [1000, 10_000, 100_000], min: 1 }),
    counted: wholes('sizes of a mesh in the simulator', {
      default: [3, 5, 10, 20, 30, 50, 100, 200],
      min: 2,
    }),
    write: flag('write docs/cost.md and its drawing'),
  },
  async (_scope, values) => {
    const members: MembersRow[] = [];
    for (const count of values.members) {
      console.error(`${count} members`);
      members.push(await membersRow(count));
    }
    const streams: StreamsRow[] = [];
    for (const count of values.streams) {
      console.error(`${count} streams`);
      streams.push(await withScope((scope) => joinTime(scope, count)));
    }
    const counted: ScaleFigures[] = [];
    for (const count of values.counted) {
      console.error(`${count} members, counted in the simulator`);
      counted.push(scaleOf(count));
    }
    const figures: Growth = { members, streams, counted };
    if (values.write) {
      const page = costPage(figures, machine());
      for (const [name, text] of Object.entries(page)) writeFileSync(join(REPOSITORY, 'docs', name), text);
    }
    return { what: 'how the cost of the mesh grows', ...figures };
  },
);

const membersRow = (count: number): Promise<MembersRow> =>
  withScope(async (scope) => {
    const members = await startMeshProcesses(scope, count);
    await sleep(SETTLE_MS);
    for (const member of members) member.order({ kind: 'reset', loopDelay: false });
    await sleep(IDLE_MS);
    const reports = await Promise.all(members.map((member) => member.report()));
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const cores = mean(reports.map(({ cpuMs, elapsedMs }) => cpuMs / elapsedMs));
    const bytes = mean(
      reports.map(
        ({ sentBytes, receivedBytes, elapsedMs }) => Math.max(sentBytes, receivedBytes) / elapsedMs,
      ),
    );
    return {
      members: count,
      idleCorePercent: Number((cores * 100).toFixed(2)),
      idleKBytesPerSecond: Number(bytes.toFixed(2)),
      ...(await claimTimes(members)),
    };
  });

async function withScope<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}
