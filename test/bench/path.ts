import { setTimeout as sleep } from 'node:timers/promises';
import { type Frame, RtmpPublisher } from '@headwater/media';
import { freePorts } from '../support/free-port.js';
import { monotonicMs } from '../support/monotonic.js';
import { flag, whole } from '../support/options.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { type CpuProfile, type ProfiledPlace, profileOf } from './cpu-profile.js';
import { spreadOf } from './figures.js';
import { LoadProcess } from './load-process.js';
import { type MediaServer, startFloor, startHeadwater } from './media-servers.js';
import { cpuTimeMs } from './process-cost.js';

const PACKET_EVERY_MS = 100;
/** A frame of 25 a second at about 577 kbit/s. */
const PACKET_BYTES = 2900;

/**
 * One packet's way from the publisher's socket to the sockets of many RTMP players, each packet by itself: when the
 * players read it, what it costs the server, and in which parts of the program that is spent. The players are one process
 * beside the server, so the last of them reads later than the server writes. Linux only: it reads /proc.
 */
export const path = bench(
  "one packet from a publisher's socket to the sockets of many players: when, and at which cost; Linux only",
  {
    players: whole('players of the one stream', { default: 1000, min: 1 }),
    quick: flag('50 packets, not 200'),
  },
  async (_scope, values) => {
    const players = values.players;
    const packets = values.quick ? 50 : 200;
    const floor = await within((scope) => floorCost(scope, players, packets));
    const plain = await within(async (scope) => {
      const server = await startHeadwater(scope, 0);
      return measured(scope, server, players, packets);
    });
    const whereTimeGoes = await within((scope) => shares(scope, players, packets));
    return {
      what: 'one packet from a publisher’s socket to the sockets of RTMP players, mergeMs 0',
      players,
      packets,
      packetBytes: PACKET_BYTES,
      ...plain,
      floor,
      timesFloor: round(plain.cpuMsPerPacket / floor.cpuMsPerPacket),
      whereTimeGoes,
    };
  },
);

async function measured(scope: Scope, { pid, ports }: MediaServer, players: number, packets: number) {
  const rtmp = ports.rtmp ?? 0;
  const publisher = await openPublisher(scope, rtmp);
  const load = await LoadProcess.start(scope, {
    protocol: 'rtmp',
    port: rtmp,
    app: 'live',
    stream: 'bench',
    players,
    tellsReads: true,
  });
  await sendPackets(publisher, 20);
  load.reset();
  const cpuMs = cpuTimeMs(pid);
  const sentMs = await sendPackets(publisher, packets);
  const usedMs = cpuTimeMs(pid) - cpuMs;
  const { readsMs, closed } = await load.report();
  const ways = sentMs.map((atMs, index) => {
    const untilMs = sentMs[index + 1] ?? Number.POSITIVE_INFINITY;
    return readsMs.filter((readMs) => readMs >= atMs && readMs < untilMs).map((readMs) => readMs - atMs);
  });
  // A packet that was not read by all before the next was sent tells nothing of one packet by itself.
  const whole = ways.filter((times) => times.length === players);
  const at = (share: number) => spreadOf(whole.map((times) => times[Math.ceil(players * share) - 1] ?? 0));
  return {
    playersLost: closed,
    packetsReadByAllInTime: whole.length,
    readAfterSent: { firstPlayer: at(1 / players), medianPlayer: at(0.5), lastPlayer: at(1) },
    cpuMsPerPacket: round(usedMs / packets),
  };
}

/** As many writes of as many bytes, and nothing else. */
async function floorCost(scope: Scope, players: number, packets: number) {
  const bytesPerSecond = (PACKET_BYTES * 1000) / PACKET_EVERY_MS;
  const { pid, ports } = await startFloor(scope, PACKET_EVERY_MS, bytesPerSecond);
  const order = { protocol: 'raw', port: ports.raw ?? 0, app: '', stream: '', players } as const;
  await LoadProcess.start(scope, order);
  const cpuMs = cpuTimeMs(pid);
  await sleep(packets * PACKET_EVERY_MS);
  return { cpuMsPerPacket: round((cpuTimeMs(pid) - cpuMs) / packets) };
}

/** The same once more with a sampling profiler in the server, which costs something itself. */
async function shares(scope: Scope, players: number, packets: number): Promise<Record<string, string>> {
  const [port = 0] = await freePorts(scope, 1);
  const server = await startHeadwater(scope, 0, [], { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` });
  const rtmp = server.ports.rtmp ?? 0;
  const publisher = await openPublisher(scope, rtmp);
  const order = { protocol: 'rtmp', port: rtmp, app: 'live', stream: 'bench', players } as const;
  await LoadProcess.start(scope, order);
  await sendPackets(publisher, 20);
  const profile = await profileOf(port, () => sendPackets(publisher, packets));
  return sharesOf(profile);
}

/** Where a sample was, from the socket that a packet comes in by to those that it goes out by. */
function partOf({ functionName, url }: ProfiledPlace): string {
  if (/\/wire\/(rtmp|nms)\//.test(url) && !url.includes('chunk-writer')) return 'parsing RTMP';
  if (/chunk-writer|packet-batch|gop-cache|\/flv\//.test(url)) return 'building wire forms';
  if (/audience|player-feed|player-queue|socket-writer/.test(url)) return 'queues of the players';
  if (/packages\/media\/|packages\/origin\/|packages\/mesh\//.test(url)) return 'the rest of headwater';
  if (/^write(Buffer|v|Utf8String|Latin1String)$/.test(functionName) && url === '')
    return 'the kernel: writing to sockets';
  if (functionName === '(program)') return 'the kernel and node’s C++: reading, waiting for events';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.startsWith('node:')) return 'node’s streams and sockets in JavaScript';
  return 'all else';
}

function sharesOf(profile: CpuProfile): Record<string, string> {
  const microseconds = new Map<string, number>();
  let total = 0;
  for (const [place, us] of profile.selfTimes()) {
    if (place.functionName === '(idle)') continue;
    const part = partOf(place);
    microseconds.set(part, (microseconds.get(part) ?? 0) + us);
    total += us;
  }
  const parts = [...microseconds].sort(([, a], [, b]) => b - a);
  return Object.fromEntries(parts.map(([part, us]) => [part, `${((us / total) * 100).toFixed(1)} %`]));
}

async function openPublisher(scope: Scope, port: number): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${port}/live/bench`);
  scope.defer(() => publisher.close());
  publisher.send(frame(0x17, 0, 0, 64));
  // More than all answers of a server: by its size players are known to have media.
  publisher.send(frame(0x17, 1, 0, 16_384));
  return publisher;
}

/** Sends packets at a steady pace; when each was sent. */
async function sendPackets(publisher: RtmpPublisher, count: number): Promise<number[]> {
  const sentMs: number[] = [];
  for (let index = 0; index < count; index += 1) {
    sentMs.push(monotonicMs());
    publisher.send(frame(0x27, 1, Math.round(monotonicMs()) % 2 ** 31, PACKET_BYTES));
    await sleep(PACKET_EVERY_MS);
  }
  return sentMs;
}

/** FLV 10.1, E.4.3.1: frame type with codec AVC, then the packet type. */
function frame(first: number, packetType: number, timestampMs: number, bytes: number): Frame {
  const payload = Buffer.concat([Buffer.of(first, packetType, 0, 0, 0), Buffer.alloc(bytes, 7)]);
  return {
    kind: 'video',
    timestampMs,
    payload,
    isHeader: packetType === 0,
    isKeyframe: first === 0x17 && packetType === 1,
  };
}

async function within<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}

const round = (value: number) => Math.round(value * 1000) / 1000;
