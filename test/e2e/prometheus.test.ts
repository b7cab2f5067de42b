import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { play, publish } from '../support/ffmpeg.js';
import { freePort } from '../support/free-port.js';
import { REPOSITORY } from '../support/repository.js';
import { type Scope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const CONF = join(REPOSITORY, 'conf');
const RULES = readFileSync(join(CONF, 'prometheus/alerts.yml'), 'utf8');

/** Every query of every panel, with its place. */
const DASHBOARDS = readdirSync(join(CONF, 'grafana')).filter((file) => file.endsWith('.json'));
const QUERIES = DASHBOARDS.flatMap((file) => {
  const { panels } = JSON.parse(readFileSync(join(CONF, 'grafana', file), 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ panel: `${file}: ${title}`, query: expr.replaceAll('$instance', '.*') })),
  );
});

describe('conf/prometheus and conf/grafana', needs('prometheus', 'ffmpeg'), () => {
  it('scrape three members, fill every panel, and tell of an owner that was killed', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope);
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    publish(scope, a.rtmpUrl('live/s1'));
    publish(scope, b.rtmpUrl('live/s2'));
    const prometheus = await startPrometheus(
      scope,
      cluster.members.map(({ ports }) => `127.0.0.1:${ports.api}`),
    );
    await play(scope, c.rtmpUrl('live/s1')).played(25);

    const empty = new Set(QUERIES.map(({ panel }) => panel));
    await awaitCondition(
      'every panel to have data',
      async () => {
        for (const { panel, query } of QUERIES) if (await prometheus.hasData(query)) empty.delete(panel);
        return empty.size === 0;
      },
      { everyMs: 500, instead: () => [...empty] },
    );
    expect(await prometheus.firing()).toEqual([]);

    await a.kill('SIGKILL');
    await awaitCondition(
      'the alerts of a dead member',
      async () => {
        const firing = await prometheus.firing();
        return ['HeadwaterMemberDead', 'HeadwaterMemberUnreachableByPrometheus'].every((name) =>
          firing.includes(name),
        );
      },
      { everyMs: 500, instead: () => prometheus.process.testimony() },
    );
    expect(await prometheus.firing()).not.toContain('HeadwaterNotReady');
  });
});

describe('the alerts', () => {
  it('have a section each in docs/operations.md', () => {
    const manual = readFileSync(join(REPOSITORY, 'docs/operations.md'), 'utf8');
    const alerts = [...RULES.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '');
    const sections = [...manual.matchAll(/^### (\w+)$/gm)].map(([, name]) => name ?? '');
    expect(alerts).toEqual(sections);
    for (const alert of alerts) expect(RULES).toContain(`runbook: docs/operations.md#${alert.toLowerCase()}`);
  });
});

class Prometheus {
  readonly process: TestProcess;
  readonly #api: string;

  constructor(process: TestProcess, port: number) {
    this.process = process;
    this.#api = `http://127.0.0.1:${port}/api/v1`;
  }

  async hasData(query: string): Promise<boolean> {
    const answer = await fetch(`${this.#api}/query?${new URLSearchParams({ query })}`);
    const { status, error, data } = (await answer.json()) as {
      status: string;
      error?: string;
      data?: { result: unknown[] };
    };
    if (status !== 'success') throw new Error(`${query}: ${error}`);
    return (data?.result.length ?? 0) > 0;
  }

  async firing(): Promise<readonly string[]> {
    const answer = await fetch(`${this.#api}/alerts`);
    const { data } = (await answer.json()) as {
      data: { alerts: { state: string; labels: { alertname: string } }[] };
    };
    return data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  }
}

/** The repository's own configuration with its patience cut to a second, since a test has none. */
async function startPrometheus(scope: Scope, targets: readonly string[]): Promise<Prometheus> {
  const folder = scratchFolder(scope, 'prometheus');
  const config = readFileSync(join(CONF, 'prometheus/prometheus.yml'), 'utf8');
  writeFileSync(join(folder, 'prometheus.yml'), config.replaceAll('interval: 5s', 'interval: 1s'));
  writeFileSync(join(folder, 'alerts.yml'), RULES.replaceAll(/for: \w+/g, 'for: 1s'));
  writeFileSync(join(folder, 'members.yml'), JSON.stringify([{ targets }]));
  const port = await freePort(scope);
  const process = new TestProcess(scope, 'prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  await awaitCondition(
    'Prometheus to be ready',
    async () => (await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => null))?.ok === true,
    { instead: () => process.testimony() },
  );
  return new Prometheus(process, port);
}
