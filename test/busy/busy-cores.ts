import { type ChildProcess, spawn } from 'node:child_process';

/** Spins on so many threads for ever; ends with who started it, also where that was killed: its stdin closes then. */
const PROGRAM = `
  const { Worker } = require('node:worker_threads');
  for (let core = 0; core < Number(process.argv[1]); core += 1) new Worker('for (;;);', { eval: true });
  process.stdin.resume().on('close', () => process.exit());
`;

/** A process that keeps cores busy, as a build beside the tests would. */
export class BusyCores {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(cores: number): BusyCores {
    return new BusyCores(
      spawn(process.execPath, ['-e', PROGRAM, String(cores)], { stdio: ['pipe', 'ignore', 'inherit'] }),
    );
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
