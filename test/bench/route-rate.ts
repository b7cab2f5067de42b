import { Directory, type MemberProfile, type PlayRequest, route, type StreamKey } from '@headwater/directory';

const ROUNDS = 5;
const ROUTES = 1_000_000;

/**
 * Route decisions per second of CPU time, in this process: every kind of play, over all streams in no order. CPU time, so
 * that what else runs on the machine counts less.
 */
export function routeRate(streams: number, members: number): object {
  const directory = new Directory('id-0', profileOf(0), { membersMax: 64, streamsPerMemberMax: streams });
  const keys: StreamKey[] = [];
  for (let member = 0; member < members; member += 1) {
    const own = Math.ceil((streams - keys.length) / (members - member));
    const entries = Array.from({ length: own }, (_, index) => {
      const key = `__defaultVhost__/live/stream-${member}-${index}`;
      keys.push(key);
      return { kind: 'claim' as const, version: index + 2, claim: { key, sinceMs: index, media: {} } };
    });
    const profile = { kind: 'profile' as const, version: 1, profile: profileOf(member) };
    directory.apply({
      member: `id-${member}`,
      generation: 1,
      from: 0,
      to: own + 1,
      entries: [profile, ...entries],
    });
  }
  // A stride that has no factor in common with the count visits all, far from the one before.
  const plays = Array.from({ length: 65_536 }, (_, index) =>
    playOf(keys[(index * 7919) % keys.length] ?? '', index),
  );
  const rates: number[] = [];
  let redirects = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < ROUTES; index += 1) {
      if (route(directory, plays[index & 65_535] as PlayRequest).kind === 'redirect') redirects += 1;
    }
    const { user, system } = process.cpuUsage(before);
    rates.push(ROUTES / ((user + system) / 1e6));
  }
  rates.sort((a, b) => a - b);
  return {
    streams: directory.streamCount,
    members,
    routesPerCpuSecond: Math.round(rates[ROUNDS >> 1] ?? 0),
    slowestRound: Math.round(rates[0] ?? 0),
    shareRedirected: Math.round((redirects / (ROUNDS * ROUTES)) * 100) / 100,
  };
}

const PROTOCOLS = ['rtmp', 'http-flv', 'ws-flv'] as const;

const playOf = (key: StreamKey, index: number): PlayRequest => ({
  key,
  protocol: PROTOCOLS[index % 3] ?? 'rtmp',
  followsRedirect: index % 2 === 0,
  mark: 'none',
  reachedBy: 'live.example.com',
  mode: 'auto',
});

/** The profile of one of many members. */
export function profileOf(member: number): MemberProfile {
  const ports = { rtmpPort: 1935, httpPort: 8080 };
  const inside = { network: 'inside', host: `origin-${member}`, ...ports };
  const outside = { network: 'outside', host: 'live.example.com', ...ports };
  return {
    name: `origin-${member}`,
    role: 'origin',
    addresses: [inside, outside],
    relayAddress: inside,
    draining: false,
    program: 'bench',
  };
}
