import { fileURLToPath } from 'node:url';
import { awaitCondition } from '../support/await-condition.js';
import { TestProcess } from '../support/child-process.js';
import type { Scope } from '../support/scope.js';
import type { LoadOrder, LoadReport } from './load-order.js';

const LOAD_PLAYERS = fileURLToPath(new URL('./load-players.js', import.meta.url));
const PLAYING_MS = 90_000;

/** Players in a process of their own. */
export class LoadProcess {
  readonly #process: TestProcess;

  private constructor(scope: Scope, order: LoadOrder) {
    this.#process = new TestProcess(scope, process.execPath, [LOAD_PLAYERS, JSON.stringify(order)]);
  }

  /** Resolves once media has come to all players. */
  static async start(scope: Scope, order: LoadOrder): Promise<LoadProcess> {
    const load = new LoadProcess(scope, order);
    await load.#line((line) => line === 'playing', `${order.players} players to have media`);
    return load;
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
