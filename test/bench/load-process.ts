import { fileURLToPath } from 'node:url';
import { awaitCondition } from '@headwater/testing/await-condition';
import { TestProcess } from '../support/child-process.js';
import type { Scope } from '../support/scope.js';
import type { LoadOrder, LoadReport } from './load-order.js';

const PROGRAMS = {
  players: fileURLToPath(new URL('./load-players.js', import.meta.url)),
  publishers: fileURLToPath(new URL('./load-publishers.js', import.meta.url)),
} as const;
const PLAYING_MS = 90_000;

export interface LoadPlace {
  readonly program?: keyof typeof PROGRAMS;
  /** Words before the command. */
  readonly within?: readonly string[];
}

/** Players or publishers in a process of their own. */
export class LoadProcess {
  readonly #process: TestProcess;

  private constructor(scope: Scope, order: LoadOrder, { program, within }: Required<LoadPlace>) {
    const [command = process.execPath, ...args] = [
      ...within,
      process.execPath,
      PROGRAMS[program],
      JSON.stringify(order),
    ];
    this.#process = new TestProcess(scope, command, args);
  }

  /** Resolves once media has come to all players, or all publishers have sent some. */
  static async start(
    scope: Scope,
    order: LoadOrder,
    { program = 'players', within = [] }: LoadPlace = {},
  ): Promise<LoadProcess> {
    const load = new LoadProcess(scope, order, { program, within });
    await load.#line((line) => line === 'playing', `${order.players} ${program} to have media`);
    return load;
  }

  get pid(): number {
    return this.#process.pid;
  }

  reset(): void {
    this.#process.child.stdin?.write('reset\n');
  }

  async report(): Promise<LoadReport> {
    this.#process.stdout.length = 0;
    this.#process.child.stdin?.write('report\n');
    return JSON.parse(
      await this.#line((line) => line.startsWith('{'), 'the report of the players'),
    ) as LoadReport;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  #line(matches: (line: string) => boolean, what: string): Promise<string> {
    return awaitCondition(what, () => this.#process.stdout.find(matches), {
      deadlineMs: PLAYING_MS,
      instead: () => this.#process.testimony(),
    });
  }
}
