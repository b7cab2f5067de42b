import { createHash } from 'node:crypto';
import os from 'node:os';
import { displayStreamKey, parseStreamKey, type StreamKey } from '@headwater/directory';
import type { ClientView, StreamView } from '@headwater/media';
import type * as v from 'valibot';
import { type MemberUse, memberUse } from '../member-use.js';
import { PROGRAM_VERSION } from '../version.js';
import type { ApiSource } from './api-source.js';
import type {
  SRS_CLIENT,
  SRS_CLIENTS,
  SRS_DONE,
  SRS_STREAM,
  SRS_STREAMS,
  SRS_SUMMARIES,
  SRS_VERSIONS,
  SRS_VHOST,
  SRS_VHOSTS,
  SrsClient,
  SrsPage,
  SrsStream,
} from './schemas/srs.js';

type Answer<S extends v.GenericSchema> = Promise<v.InferInput<S>>;
type Envelope = v.InferInput<typeof SRS_DONE>;

/** SRS's numbers. */
const VHOST_UNKNOWN = 2014;
const STREAM_UNKNOWN = 2048;
const CLIENT_UNKNOWN = 2049;

/** Streams that are looked through for totals. */
const STREAMS_MAX = 100_000;
/** Players of a stream that are looked at for what was sent. */
const PLAYERS_MAX = 1000;

/**
 * What SRS answers over HTTP. It speaks of this member alone, as SRS does of one server. Where SRS has what we have not, there
 * is what it says of nothing.
 */
export class SrsApi {
  readonly #source: ApiSource;
  readonly #use: MemberUse;
  readonly #service = createHash('sha256').update(`${process.pid} ${Date.now()}`).digest('hex').slice(0, 8);

  constructor(source: ApiSource) {
    this.#source = source;
    this.#use = memberUse(source.media);
  }

  versions(): v.InferInput<typeof SRS_VERSIONS> {
    const [major = 0, minor = 0, revision = 0] = PROGRAM_VERSION.split('.').map((part) =>
      Number.parseInt(part, 10),
    );
    return this.#answer({ data: { major, minor, revision, version: PROGRAM_VERSION } });
  }

  summaries(): v.InferInput<typeof SRS_SUMMARIES> {
    const { connections } = this.#source.media.told();
    const [load1 = 0, load5 = 0, load15 = 0] = os.loadavg();
    const ramKb = Math.round(os.totalmem() / 1024);
    // All of its processes: SRS is one.
    const selfKb = Math.round(this.#use.residentBytes() / 1024);
    const cpus = os.cpus().length;
    return this.#answer({
      data: {
        ok: true,
        now_ms: Date.now(),
        self: {
          version: PROGRAM_VERSION,
          pid: process.pid,
          ppid: process.ppid,
          argv: '',
          cwd: '',
          mem_kbyte: selfKb,
          mem_percent: ratio(selfKb, ramKb),
          cpu_percent: ratio(this.#use.cpuSeconds(), process.uptime()),
          srs_uptime: Math.round(process.uptime()),
        },
        system: {
          cpu_percent: ratio(load1, cpus),
          disk_read_KBps: 0,
          disk_write_KBps: 0,
          disk_busy_percent: 0,
          mem_ram_kbyte: ramKb,
          mem_ram_percent: ratio(ramKb - Math.round(os.freemem() / 1024), ramKb),
          mem_swap_kbyte: 0,
          mem_swap_percent: 0,
          cpus,
          cpus_online: cpus,
          uptime: Math.round(os.uptime()),
          // Sic: SRS writes it so.
          ilde_time: 0,
          load_1m: load1,
          load_5m: load5,
          load_15m: load15,
          net_sample_time: 0,
          net_recv_bytes: 0,
          net_send_bytes: 0,
          net_recvi_bytes: 0,
          net_sendi_bytes: 0,
          srs_sample_time: Date.now(),
          srs_recv_bytes: 0,
          srs_send_bytes: 0,
          conn_sys: connections,
          conn_sys_et: connections,
          conn_sys_tw: 0,
          conn_sys_udp: 0,
          conn_srs: connections,
        },
      },
    });
  }

  async vhosts(): Answer<typeof SRS_VHOSTS> {
    return this.#answer({ vhosts: await this.#vhosts() });
  }

  /** By its id or name. */
  async vhost(id: string): Answer<typeof SRS_VHOST> {
    const vhost = (await this.#vhosts()).find((one) => one.id === id || one.name === id);
    return vhost === undefined ? this.#refuse(VHOST_UNKNOWN) : this.#answer({ vhost });
  }

  async #vhosts(): Promise<v.InferInput<typeof SRS_VHOSTS>['vhosts']> {
    const { media } = this.#source;
    const keys = (await media.ask.streamKeys('', STREAMS_MAX)).value;
    const counts = (await media.ask.playerCounts(keys)).value;
    const byVhost = new Map<string, { streams: number; clients: number }>([
      [this.#source.resolveVhost(undefined), { streams: 0, clients: 0 }],
    ]);
    for (const [index, key] of keys.entries()) {
      const vhost = parseStreamKey(key)?.vhost ?? '';
      const sum = byVhost.get(vhost) ?? { streams: 0, clients: 0 };
      byVhost.set(vhost, { streams: sum.streams + 1, clients: sum.clients + (counts[index] ?? 0) });
    }
    return [...byVhost].map(([name, { streams, clients }]) => ({
      id: idOf(name),
      name,
      enabled: true,
      clients,
      streams,
      send_bytes: 0,
      recv_bytes: 0,
      kbps: kbps(0, 0),
      hls: { enabled: false },
    }));
  }

  async streams({ start, count }: SrsPage): Answer<typeof SRS_STREAMS> {
    const keys = (await this.#source.media.ask.streamKeys('', start + count)).value.slice(start);
    const streams = await Promise.all(keys.map((key) => this.#stream(key)));
    return this.#answer({ streams: streams.filter((stream) => stream !== null) });
  }

  async stream(id: string): Answer<typeof SRS_STREAM> {
    const keys = (await this.#source.media.ask.streamKeys('', STREAMS_MAX)).value;
    const key = keys.find((one) => idOf(one) === id);
    const stream = key === undefined ? null : await this.#stream(key);
    return stream === null ? this.#refuse(STREAM_UNKNOWN) : this.#answer({ stream });
  }

  async clients({ start, count }: SrsPage): Answer<typeof SRS_CLIENTS> {
    const clients = (await this.#source.media.ask.clients({}, '', start + count)).value.slice(start);
    return this.#answer({ clients: clients.map(clientOf) });
  }

  async client(id: string): Answer<typeof SRS_CLIENT> {
    const [client] = (await this.#source.media.ask.clients({ id }, '', 1)).value;
    return client === undefined ? this.#refuse(CLIENT_UNKNOWN) : this.#answer({ client: clientOf(client) });
  }

  /** What a tool is told after it asked for a client to be let go. */
  kicked(isDone: boolean): Envelope {
    return isDone ? this.#answer({}) : this.#refuse(CLIENT_UNKNOWN);
  }

  async #stream(key: StreamKey): Promise<SrsStream | null> {
    const { media } = this.#source;
    const view = (await media.ask.stream(key, PLAYERS_MAX)).value;
    if (view === null) return null;
    const [publisher] = (await media.ask.clients({ key, kind: 'publish' }, '', 1)).value;
    return streamOf(view, publisher);
  }

  #answer<T extends object>(fields: T): Envelope & T {
    return {
      code: 0,
      server: idOf(this.#source.directory.self),
      service: this.#service,
      pid: String(process.pid),
      ...fields,
    };
  }

  #refuse(code: number): Envelope {
    return { ...this.#answer({}), code };
  }
}

function streamOf(view: StreamView, publisher: ClientView | undefined): SrsStream {
  const name = parseStreamKey(view.key);
  const { video, audio } = view.media;
  return {
    id: idOf(view.key),
    name: name?.stream ?? '',
    vhost: idOf(name?.vhost ?? ''),
    app: name?.app ?? '',
    tcUrl: `rtmp://${name?.vhost ?? ''}/${name?.app ?? ''}`,
    url: `/${displayStreamKey(view.key)}`,
    live_ms: publisher?.sinceMs ?? 0,
    clients: view.players.length + (publisher === undefined ? 0 : 1),
    frames: 0,
    send_bytes: view.players.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    recv_bytes: view.bytesIn,
    kbps: kbps(view.kbpsIn, 0),
    publish: { active: view.source !== 'none', ...(publisher === undefined ? {} : { cid: publisher.id }) },
    video:
      video === undefined
        ? null
        : {
            codec: codecOf(video.codec),
            profile: '',
            level: '',
            width: video.width ?? 0,
            height: video.height ?? 0,
          },
    audio:
      audio === undefined
        ? null
        : {
            codec: codecOf(audio.codec),
            sample_rate: audio.sampleRateHz ?? 0,
            channel: audio.channels ?? 0,
            profile: '',
          },
  };
}

function clientOf(client: ClientView): SrsClient {
  const name = parseStreamKey(client.key);
  const isPublisher = client.kind === 'publish';
  return {
    id: client.id,
    vhost: idOf(name?.vhost ?? ''),
    stream: idOf(client.key),
    ip: client.remote.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
    pageUrl: '',
    swfUrl: '',
    tcUrl: `rtmp://${name?.vhost ?? ''}/${name?.app ?? ''}`,
    url: `/${displayStreamKey(client.key)}`,
    name: name?.stream ?? '',
    type: isPublisher ? 'fmle-publish' : client.protocol === 'rtmp' ? 'rtmp-play' : 'flv-play',
    publish: isPublisher,
    alive: Math.max(0, (Date.now() - client.sinceMs) / 1000),
    send_bytes: isPublisher ? 0 : client.bytes,
    recv_bytes: isPublisher ? client.bytes : 0,
    kbps: kbps(0, 0),
  };
}

const kbps = (recv: number, send: number) => ({ recv_30s: recv, send_30s: send });

const ratio = (part: number, all: number): number =>
  all > 0 ? Math.round((part / all) * 10_000) / 10_000 : 0;

/** SRS's ids begin so; ours stay the same at each start. */
const idOf = (what: string): string => `vid-${createHash('sha256').update(what).digest('hex').slice(0, 12)}`;

const CODECS: Readonly<Record<string, string>> = {
  h264: 'H264',
  hevc: 'HEVC',
  av1: 'AV1',
  aac: 'AAC',
  mp3: 'MP3',
  opus: 'Opus',
};
const codecOf = (codec: string): string => CODECS[codec] ?? codec;
