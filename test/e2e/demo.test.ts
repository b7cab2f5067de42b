import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { awaitCondition, withDeadline } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { play } from '../support/ffmpeg.js';
import { reservePort } from '../support/free-port.js';
import { cleanEnvironment } from '../support/origin-process.js';
import { HEADWATER } from '../support/program.js';
import { REPOSITORY } from '../support/repository.js';
import { Scope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** Ports of the demo's first origin, as conf/demo.yml has them. */
const FIRST_PORTS = { rtmp: 1935, http: 8080, api: 1985, mesh: 7946 };

describe('npm start', needs('ffmpeg'), () => {
  it('starts three origins, prints where to play, plays from each, and Ctrl-C leaves nothing behind', async () => {
    const scope = testScope();
    const demo = await Demo.start(scope, 3, 'npm', ['start', '--']);
    await demo.isUp();
    for (const name of ['origin-1', 'origin-2', 'origin-3']) expect(demo.output).toContain(name);
    expect(demo.output).toContain('live/demo');
    for (let index = 0; index < 3; index += 1) {
      const rtmp = `rtmp://127.0.0.1:${FIRST_PORTS.rtmp + demo.offset + index}/live/demo`;
      const http = `http://127.0.0.1:${FIRST_PORTS.http + demo.offset + index}/live/demo.flv`;
      expect(demo.output).toContain(rtmp);
      expect(demo.output).toContain(http);
      await play(scope, rtmp).played(30);
      await play(scope, http).played(30);
    }
    await demo.ctrlC();
  });

  it('goes on playing the loop past its end, timestamps never going back', async () => {
    const scope = testScope();
    const demo = await Demo.start(scope, 1);
    await demo.isUp();
    const player = play(scope, `rtmp://127.0.0.1:${FIRST_PORTS.rtmp + demo.offset}/live/demo`);
    await player.played(300);
    expect(player.stepsBack).toEqual([]);
    await demo.ctrlC();
  });

  it('starts as many origins as asked for', async () => {
    const scope = testScope();
    const demo = await Demo.start(scope, 5);
    await demo.isUp();
    const last = `http://127.0.0.1:${FIRST_PORTS.api + demo.offset + 4}`;
    const { members } = (await (await fetch(`${last}/api/v1/members`)).json()) as { members: unknown[] };
    expect(members).toHaveLength(5);
    await demo.ctrlC();
  });

  it('takes its origins with it when it is killed itself', async () => {
    const demo = await Demo.start(testScope(), 2);
    await demo.isUp();
    await demo.process.kill('SIGKILL');
    await demo.isGone();
  });

  it('stops as well before it is up', async () => {
    const demo = await Demo.start(testScope(), 2);
    await awaitCondition('its origins to be started', () => demo.output.includes('Starting'));
    await demo.ctrlC();
  });

  it('says which port is taken, and the key to change', async () => {
    const scope = testScope();
    const offset = await freeOffset(scope, 3);
    const taken = FIRST_PORTS.http + offset + 1;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(taken, '127.0.0.1', resolve));
    scope.defer(() => new Promise((resolve) => server.close(resolve)));
    const demo = await Demo.start(scope, 3, process.execPath, [HEADWATER, 'demo'], offset);
    expect(await demo.process.exited).toMatchObject({ code: 1 });
    expect(demo.output).toContain(String(taken));
    expect(demo.output).toContain('http.port');
    expect(demo.leftovers()).toEqual([]);
  });

  it('explains itself', async () => {
    const scope = testScope();
    const help = new TestProcess(scope, 'npm', ['start', '--', '--help'], {
      cwd: REPOSITORY,
      env: cleanEnvironment(),
    });
    expect(await help.exited).toMatchObject({ code: 0 });
    expect(help.stdout.join('\n')).toContain('--origins');
  });
});

/** One demo in a session and a temporary folder of its own, so that what it leaves behind can be seen. */
class Demo {
  readonly process: TestProcess;
  readonly offset: number;
  readonly #temporary: string;

  private constructor(process: TestProcess, offset: number, temporary: string) {
    this.process = process;
    this.offset = offset;
    this.#temporary = temporary;
  }

  static async start(
    scope: Scope,
    origins: number,
    command = process.execPath,
    args: readonly string[] = [HEADWATER, 'demo'],
    offset?: number,
  ): Promise<Demo> {
    const moved = offset ?? (await freeOffset(scope, origins));
    const temporary = scratchFolder(scope, 'demo');
    const flags = ['--origins', String(origins), '--port-offset', String(moved)];
    const env = { ...cleanEnvironment(), TMPDIR: temporary };
    // Its own process group, as a terminal gives it: Ctrl-C goes to all of the group.
    const child = new TestProcess(scope, command, [...args, ...flags], {
      cwd: REPOSITORY,
      env,
      detached: true,
    });
    const demo = new Demo(child, moved, temporary);
    scope.defer(() => demo.#signalGroup('SIGKILL'));
    return demo;
  }

  get output(): string {
    return [...this.process.stdout, ...this.process.stderr].join('\n');
  }

  async isUp(): Promise<void> {
    await awaitCondition(
      'the demo to be up',
      () => this.output.includes('Ctrl-C') || this.process.exit !== null,
      {
        instead: () => this.process.testimony(),
      },
    );
    if (this.process.exit !== null) throw new Error(this.process.testimony());
  }

  async ctrlC(): Promise<void> {
    const before = this.#processes();
    expect(before.length).toBeGreaterThan(0);
    this.#signalGroup('SIGINT');
    await withDeadline('the demo to end by Ctrl-C', this.process.exited);
    await this.isGone();
    expect(this.leftovers()).toEqual([]);
    expect(this.output).not.toMatch(/\n\s+at /);
  }

  async isGone(): Promise<void> {
    await awaitCondition('all of its processes to be gone', () => this.#processes().length === 0, {
      instead: () => this.#processes(),
    });
  }

  /** Files that it left; npm's and Node's own caches are not its. */
  leftovers(): readonly string[] {
    return readdirSync(this.#temporary).filter((name) => name.startsWith('headwater'));
  }

  /** Command lines of the live processes whose environment says that they came from this demo. */
  #processes(): readonly string[] {
    const marker = `TMPDIR=${this.#temporary}`;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(marker)) return [];
          return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')}`];
        } catch {
          return [];
        }
      });
  }

  #signalGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.process.pid, signal);
    } catch {
      // The group is gone.
    }
  }
}

/** A `--port-offset` where the ports of `origins` origins are free, and reserved for us. */
async function freeOffset(scope: Scope, origins: number): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const offset = 10_000 + ((process.pid * 131 + tries * 211) % 13_000);
    const wanted = Object.values(FIRST_PORTS).flatMap((first) =>
      Array.from({ length: origins }, (_, index) => first + offset + index),
    );
    const attempt = new Scope();
    const got: boolean[] = [];
    for (const port of wanted) got.push(await reservePort(attempt, port));
    if (got.every(Boolean)) {
      scope.defer(() => attempt.close());
      return offset;
    }
    await attempt.close();
  }
  throw new Error('no offset with free ports for the demo');
}
