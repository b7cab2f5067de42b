import { awaitCondition } from '@headwater/testing/await-condition';
import type { Cluster } from '../support/cluster.js';
import type { OriginProcess } from '../support/origin-process.js';
import type { EventLog } from './event-log.js';

/** Above `relay.lingerMs`, with room for a busy machine. */
const ENDED_MS = 10_000;

/** Once all players left: no member may pull a stream, or hold a player. */
export async function checkNothingPlays(
  cluster: Cluster,
  streams: readonly string[],
  log: EventLog,
): Promise<void> {
  const busy = async (member: OriginProcess): Promise<readonly string[]> => {
    const here = await Promise.all(
      streams.map(async (stream) => ({ stream, ...(await member.stream(stream)).here })),
    );
    return here.flatMap(({ stream, source, relayFrom, players }) => [
      ...(source === 'relay' ? [`relays ${stream} from ${JSON.stringify(relayFrom)} for nobody`] : []),
      ...(players.length > 0 ? [`has ${players.length} players of ${stream} that left`] : []),
    ]);
  };
  await settle(cluster, log, busy);
}

/** Once all publishers were closed as well: no member may know of any stream. */
export async function checkNothingIsLeft(cluster: Cluster, log: EventLog): Promise<void> {
  await settle(cluster, log, async (member) =>
    (await member.streams()).map(
      ({ key, owners }) => `lists ${key}, owned by [${owners.map(({ name }) => name).join(', ')}]`,
    ),
  );
}

/** What members said that nobody should have to read. */
export function checkLogs(cluster: Cluster, log: EventLog): void {
  for (const member of cluster.members) {
    if (member.exit !== null) log.violated('member', member.name, `ended: ${JSON.stringify(member.exit)}`);
    for (const line of member.logs.filter(({ level }) => level === 'error' || level === 'fatal'))
      log.violated('member', member.name, `logged ${JSON.stringify(line).slice(0, 400)}`);
    const [first] = member.stderr.filter((line) => /error|unhandled|warning/i.test(line));
    if (first !== undefined) log.violated('member', member.name, `said ${first.slice(0, 400)}`);
  }
}

async function settle(
  cluster: Cluster,
  log: EventLog,
  leftBy: (member: OriginProcess) => Promise<readonly string[]>,
): Promise<void> {
  await Promise.all(
    cluster.members.map(async (member) => {
      let left: readonly string[] = ['nothing was answered'];
      try {
        await awaitCondition(
          `${member.name} to end what nobody needs`,
          async () => {
            left = await leftBy(member);
            return left.length === 0;
          },
          { deadlineMs: ENDED_MS, everyMs: 150 },
        );
      } catch {
        for (const what of left) log.violated('left-over', member.name, what);
      }
    }),
  );
}
