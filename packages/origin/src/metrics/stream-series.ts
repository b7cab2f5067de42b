import { parseStreamKey, type StreamKey } from '@headwater/directory';
import type { StreamTotal } from '@headwater/media';
import type { Turns } from '../api/turns.js';
import { SlicedWork } from '../plane/sliced-work.js';
import type { MetricsSource } from './metrics-source.js';

interface SeriesOf {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  of(total: StreamTotal): number;
}

const SERIES: readonly SeriesOf[] = [
  {
    name: 'headwater_stream_players',
    type: 'gauge',
    help: 'Players of a stream here, pulls of other members included.',
    of: ({ players }) => players,
  },
  {
    name: 'headwater_stream_received_bytes_total',
    type: 'counter',
    help: 'Media of a stream that its source here sent.',
    of: ({ bytesIn }) => bytesIn,
  },
  {
    name: 'headwater_stream_sent_bytes_total',
    type: 'counter',
    help: 'Media of a stream sent to its players here.',
    of: ({ bytesOut }) => bytesOut,
  },
];

const CUT = 'headwater_stream_series_cut';
const CUT_HELP =
  '1: more streams are here than metrics.streamsMax; those after it in the order of their names are left out.';

/**
 * Streams one by one, the first `max` in the order of their keys: each costs Prometheus three series. The library makes its
 * text in one go, which thousands of series make too long for a loop that serves media as well: these are written here, in
 * slices, and their labels are kept from one scrape to the next.
 */
export class StreamSeries {
  readonly #media: Pick<MetricsSource['media'], 'ask'>;
  readonly #max: number;
  readonly #turns: Turns;
  /** Of the streams that the last scrape had. */
  #labels: ReadonlyMap<StreamKey, string> = new Map();

  /** `turns`: of all that makes long answers for scrapes. */
  constructor(media: Pick<MetricsSource['media'], 'ask'>, max: number, turns: Turns) {
    this.#media = media;
    this.#max = max;
    this.#turns = turns;
  }

  /** In Prometheus' text format 0.0.4. */
  async text(): Promise<string> {
    const { value } = await this.#media.ask.streamTotals('', this.#max + 1);
    const totals = value.slice(0, this.#max);
    const labels = new Map<StreamKey, string>();
    const lines = SERIES.map((): string[] => []);
    const work = new SlicedWork(() => this.#turns.next());
    for (const total of totals) {
      if (work.isOver) await work.nextTurn();
      const known = this.#labels.get(total.key) ?? labelsOf(total.key);
      if (known === null) continue;
      labels.set(total.key, known);
      for (const [index, { name, of }] of SERIES.entries())
        lines[index]?.push(`${name}${known} ${of(total)}\n`);
    }
    this.#labels = labels;
    const parts = SERIES.map(
      ({ name, type, help }, index) => `${headOf(name, type, help)}${lines[index]?.join('') ?? ''}`,
    );
    const cut = `${headOf(CUT, 'gauge', CUT_HELP)}${CUT} ${Number(value.length > this.#max)}\n`;
    return `\n${[...parts, cut].join('\n')}`;
  }
}

const headOf = (name: string, type: string, help: string): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;

function labelsOf(key: StreamKey): string | null {
  const name = parseStreamKey(key);
  if (name === null) return null;
  const { vhost, app, stream } = name;
  return `{vhost="${escaped(vhost)}",app="${escaped(app)}",stream="${escaped(stream)}"}`;
}

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
