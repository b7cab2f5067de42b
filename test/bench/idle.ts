import { setTimeout as sleep } from 'node:timers/promises';
import { hasTool } from '@headwater/testing/tools';
import { startMeshOnHosts, startMeshProcesses } from '../support/mesh-process.js';
import { NetLab } from '../support/net-lab.js';
import { whole } from '../support/options.js';
import { bench } from './bench.js';

/**
 * What a member costs while nothing happens. Bytes are counted at its sockets (payload of TCP) and, where there can be
 * network namespaces, at the one interface of its own, with all headers and acknowledgements.
 */
export const idle = bench(
  'what a member costs while nothing happens',
  {
    members: whole('processes with the mesh only', { default: 10, min: 1 }),
    seconds: whole('how long it is measured', { default: 20, min: 1 }),
    // Members tell each other of members less often once all have met, and V8 compiles what runs most: what runs ten times a
    // second for five minutes yet. After 90 s that was a quarter of what a member took.
    settle: whole('seconds from when all have met until then', { default: 300, min: 0 }),
  },
  async (scope, values) => {
    const count = values.members;
    const lab = hasTool('network namespaces') ? NetLab.open(scope, count) : null;
    const members = lab ? await startMeshOnHosts(scope, lab, count) : await startMeshProcesses(scope, count);
    await sleep(values.settle * 1000);
    for (const member of members) member.order({ kind: 'reset', loopDelay: false });
    const before = members.map((_, host) => lab?.bytes(host));
    await sleep(values.seconds * 1000);
    const after = members.map((_, host) => lab?.bytes(host));
    const reports = await Promise.all(members.map((member) => member.report()));
    const spread = (rates: readonly number[]) => ({
      mean: round(rates.reduce((sum, rate) => sum + rate, 0) / rates.length),
      most: round(Math.max(...rates)),
    });
    const atInterface = (way: 'received' | 'sent') =>
      spread(
        after.map(
          (bytes, host) => ((bytes?.[way] ?? 0) - (before[host]?.[way] ?? 0)) / values.seconds / 1000,
        ),
      );
    return {
      what: `an idle member of ${values.members}, mesh only, ${lab ? 'in a network namespace each' : 'loopback'}`,
      reach: { corePercent: 1, kBytesPerSecond: 10 },
      corePercent: spread(reports.map(({ cpuMs, elapsedMs }) => (cpuMs / elapsedMs) * 100)),
      ...(lab && {
        atInterface: {
          receivedKBytesPerSecond: atInterface('received'),
          sentKBytesPerSecond: atInterface('sent'),
        },
      }),
      payloadReceivedKBytesPerSecond: spread(
        reports.map(({ receivedBytes, elapsedMs }) => receivedBytes / elapsedMs),
      ),
      payloadSentKBytesPerSecond: spread(reports.map(({ sentBytes, elapsedMs }) => sentBytes / elapsedMs)),
    };
  },
);

const round = (value: number) => Math.round(value * 100) / 100;
