import { generateKeyPairSync, sign } from 'node:crypto';
import { createGuard, type GuardConfig, readRules, signedQuery } from '@headwater/guard';
import { HookService } from '../support/hook-service.js';
import { whole } from '../support/options.js';
import { OriginProcess } from '../support/origin-process.js';
import type { Scope } from '../support/scope.js';
import { openWaiting, type WaitingClient } from './auth-clients.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { cpuTimeMs, residentMb } from './process-cost.js';
import { publishSample } from './sample-publisher.js';

const KEY = 'the key of this bench, made up';
const NAME = { vhost: '__defaultVhost__', app: 'live', stream: 's1' };
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const JUDGED = 5000;
/** How long the hook takes for one player among all. */
const SLOW_MS = 10_000;
const HOOK_MS = 20;

/** What tokens cost, and what a hook makes players wait. */
export const auth = bench(
  'CPU of a token and a JWT per play; plays at once with a hook that takes its time; refusals in a flood',
  {
    plays: whole('plays at once with a hook', { default: 1000, min: 2, max: 4000 }),
    seconds: whole('how long publishes are refused', { default: 10, min: 1, max: 600 }),
    rate: whole('refused publishes a second', { default: 1000, min: 1, max: 5000 }),
  },
  async (scope, { plays, seconds, rate }) => ({
    token: { reach: 'at most 0.05 ms', ...tokenCost() },
    jwt: { reach: 'at most 0.5 ms first, 0.05 ms again', ...(await jwtCost()) },
    hook: {
      reach: 'all playing within 1.5 s, memory flat, the slow one holds up nobody',
      ...(await hookedPlays(scope, plays)),
    },
    refusals: {
      reach: 'always ready, loop delay p99 at most 20 ms',
      ...(await refusals(scope, seconds, rate)),
    },
  }),
);

function guardOf(rule: object) {
  const { rules } = readRules([rule]);
  const config: GuardConfig = {
    member: 'bench',
    publish: [],
    play: rules,
    apps: {},
    refusalsPerAddressPerMinute: 60,
    relayKeys: [],
  };
  return createGuard(config, { log: SILENT });
}

const clientOf = (guard: ReturnType<typeof guardOf>) =>
  guard.client({ id: '1', protocol: 'rtmp', ip: '192.0.2.1', remote: '192.0.2.1:1', agent: 'bench' });
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

function tokenCost(): object {
  const guard = guardOf({ token: { keys: [KEY, `${KEY} of yesterday`] } });
  const query = signedQuery(
    { action: 'play', name: 'live/s1', isPrefix: false, expires: inAnHour(), address: '' },
    KEY,
  );
  const judge = (): void => {
    const verdict = clientOf(guard).judge({ action: 'play', name: NAME, query, asksHooks: true });
    if (verdict instanceof Promise || !verdict.allowed) throw new Error('the token was refused');
  };
  for (let count = 0; count < JUDGED; count += 1) judge();
  const before = process.cpuUsage();
  for (let count = 0; count < JUDGED; count += 1) judge();
  return { cpuMs: perJudged(before, JUDGED) };
}

async function jwtCost(): Promise<object> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const guard = guardOf({ jwt: { keys: publicKey.export({ type: 'spki', format: 'pem' }).toString() } });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = (jti: number): string => {
    const claims = { actions: ['play'], streams: ['live/*'], jti: String(jti), exp: inAnHour() };
    const text = `${part({ alg: 'EdDSA' })}.${part(claims)}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
  };
  const judge = async (jwt: string): Promise<void> => {
    const verdict = await clientOf(guard).judge({
      action: 'play',
      name: NAME,
      query: `jwt=${jwt}`,
      asksHooks: true,
    });
    if (!verdict.allowed) throw new Error('the JWT was refused');
  };
  const tokens: string[] = [];
  for (let count = 0; count < 2 * JUDGED; count += 1) tokens.push(signed(count));
  for (const jwt of tokens.slice(JUDGED)) await judge(jwt);
  const before = process.cpuUsage();
  for (const jwt of tokens.slice(0, JUDGED)) await judge(jwt);
  const firstCpuMs = perJudged(before, JUDGED);
  const again = process.cpuUsage();
  for (const jwt of tokens.slice(0, JUDGED)) await judge(jwt);
  return { firstCpuMs, againCpuMs: perJudged(again, JUDGED) };
}

function perJudged(before: NodeJS.CpuUsage, count: number): number {
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / count) / 1000;
}

async function hookedPlays(scope: Scope, plays: number): Promise<object> {
  const hook = await HookService.start(scope);
  hook.answer = ({ body }, res) => {
    const isSlow = body.includes('slow=1');
    setTimeout(() => res.end('0'), isSlow ? SLOW_MS : HOOK_MS);
  };
  const rule = { hook: { on_play: hook.url('/'), timeoutMs: 2 * SLOW_MS } };
  const origin = await OriginProcess.spawn(scope, 'hooked', {
    apps: { live: { play: { auth: [rule] } } },
    log: { level: 'warn', format: 'json' },
    limits: { connectionsPerAddressMax: 2 * plays },
  });
  await origin.ready();
  await publishSample(scope, origin.rtmpUrl('live/s1'));
  await publishSample(scope, origin.rtmpUrl('open/s1'));
  // The same crowd whom nobody is asked about: what is left of its time is not the hook's.
  const open = await crowdOf(scope, origin, plays);
  const openStartMs = performance.now();
  await Promise.all(open.map((client) => client.play('open/s1', '')));
  const withoutHookMs = performance.now() - openStartMs;
  for (const client of open) client.leave();
  const cpuBeforeMs = cpuTimeMs(origin.pid);
  const beforeMb = residentMb(origin.pid);
  // Connected first, so that the plays are asked for at once, and nothing but them is measured.
  const clients = await crowdOf(scope, origin, plays);
  const startMs = performance.now();
  const slow = clients.pop()?.play('live/s1', 'slow=1');
  const times = await Promise.all(clients.map((client) => client.play('live/s1', '')));
  const allMs = performance.now() - startMs;
  const cpuAfterMs = cpuTimeMs(origin.pid);
  const slowMs = (await slow) ?? Number.NaN;
  return {
    plays,
    hookMs: HOOK_MS,
    allPlayingMs: Math.round(allMs),
    withoutHookMs: Math.round(withoutHookMs),
    memberCpuMs: Math.round(cpuAfterMs - cpuBeforeMs),
    ...spreadOf(times),
    slowMs: Math.round(slowMs),
    residentMb: { before: beforeMb, after: residentMb(origin.pid) },
  };
}

const crowdOf = (scope: Scope, origin: OriginProcess, plays: number): Promise<WaitingClient[]> =>
  Promise.all(Array.from({ length: plays }, () => openWaiting(scope, origin.ports.http)));

/** What node's own watch steps by, ms: it counts as late what came just in time. */
const WATCH_STEP_MS = 50;

/** How late the member's loop was since this was asked last, p99, ms. */
async function loopDelayP99Ms(origin: OriginProcess): Promise<number> {
  const text = await (await fetch(origin.apiUrl('/metrics'), { headers: { connection: 'close' } })).text();
  const [, seconds = 'NaN'] = /^nodejs_eventloop_lag_p99_seconds\S* (\S+)$/m.exec(text) ?? [];
  return Math.round(Math.max(0, Number(seconds) * 1000 - WATCH_STEP_MS) * 100) / 100;
}

async function refusals(scope: Scope, seconds: number, rate: number): Promise<object> {
  const origin = await OriginProcess.spawn(scope, 'flooded', {
    publish: { auth: [{ token: { keys: KEY } }] },
    log: { level: 'info', format: 'json' },
  });
  await origin.ready();
  const beforeMb = residentMb(origin.pid);
  const statuses = new Map<number, number>();
  const readyMs: number[] = [];
  let notReady = 0;
  const url = origin.flvUrl('live/s1');
  const endMs = performance.now() + seconds * 1000;
  const sent: Promise<void>[] = [];
  const probe = async (): Promise<void> => {
    const startMs = performance.now();
    // A connection of its own each time: one that is kept may be closed just then.
    const status = await fetch(origin.apiUrl('/readyz'), { headers: { connection: 'close' } }).then(
      (answer) => answer.status,
      () => 0,
    );
    readyMs.push(performance.now() - startMs);
    if (status !== 200) notReady += 1;
  };
  await loopDelayP99Ms(origin);
  const startMs = performance.now();
  let count = 0;
  while (performance.now() < endMs) {
    const due = ((performance.now() - startMs) / 1000) * rate;
    for (; count < due; count += 1) {
      sent.push(
        fetch(url, { method: 'POST', body: 'FLV' }).then(
          (answer) => void statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1),
          () => void statuses.set(0, (statuses.get(0) ?? 0) + 1),
        ),
      );
    }
    await probe();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const loopDelayMs = await loopDelayP99Ms(origin);
  await Promise.all(sent);
  return {
    loopDelayP99Ms: loopDelayMs,
    sent: count,
    seconds,
    statuses: Object.fromEntries(statuses),
    notReady,
    isAlive: origin.exit === null,
    readyAnswers: spreadOf(readyMs),
    residentMb: { before: beforeMb, after: residentMb(origin.pid) },
  };
}
