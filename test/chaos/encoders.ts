import type { Scope } from '../support/scope.js';
import { Output, type OutputOptions, type Target } from './encoder.js';
import type { EventLog } from './event-log.js';
import { MadeEncode } from './made-encode.js';
import type { StreamPlan } from './stream-plan.js';
import type { Supply } from './supply.js';

const TICK_MS = 20;

interface Planned {
  readonly output: Output;
  readonly stream: StreamPlan;
}

/** All encoders of a run with their outputs, and every encode that there ever was. */
export class Encoders {
  readonly encodes = new Map<string, MadeEncode>();
  readonly #planned = new Map<string, Planned>();
  readonly #log: EventLog;
  readonly #supply: Supply;
  #looks = 0;

  constructor(scope: Scope, log: EventLog, supply: Supply) {
    this.#log = log;
    this.#supply = supply;
    const timer = setInterval(() => {
      for (const output of this.outputs) output.tick();
    }, TICK_MS);
    scope.defer(() => {
      clearInterval(timer);
      for (const output of this.outputs) output.close('reset');
    });
  }

  get outputs(): readonly Output[] {
    return [...this.#planned.values()].map(({ output }) => output);
  }

  /** Makes a stream's outputs, which begin to publish. */
  start(stream: StreamPlan, targetOf: (member: number) => Target): void {
    const startMs = this.#log.nowMs();
    const shared = this.#encodeOf(stream);
    for (const [index, plan] of stream.outputs.entries()) {
      const encode = stream.isSame || index === 0 ? shared : this.#encodeOf(stream);
      const options: OutputOptions = plan;
      const target = targetOf(plan.member);
      const output = new Output(options, { encode, startMs }, target, {
        log: this.#log,
        supply: this.#supply,
      });
      this.#planned.set(plan.name, { output, stream });
      output.open();
    }
  }

  output(name: string): Output {
    return this.#of(name).output;
  }

  /** The encode of an encoder that was started anew. */
  encodeAnew(output: string): MadeEncode {
    return this.#encodeOf(this.#of(output).stream);
  }

  #of(name: string): Planned {
    const planned = this.#planned.get(name);
    if (planned === undefined) throw new Error(`no output ${name}`);
    return planned;
  }

  #encodeOf({ name, gopFrames }: StreamPlan): MadeEncode {
    this.#looks += 1;
    const id = `${name.replace('live/', '')}-${this.#looks}`;
    const encode = new MadeEncode({ id, stream: name, gopFrames, look: this.#looks });
    this.encodes.set(id, encode);
    return encode;
  }
}
