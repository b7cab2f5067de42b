import type { Scope } from '../support/scope.js';
import { type Encoding, Output, type Target } from './encoder.js';
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
  readonly #encodings = new Map<string, Encoding>();

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
    for (const plan of stream.outputs) {
      const encoding = this.#encodingOf(stream, plan.name, 1);
      const world = { log: this.#log, supply: this.#supply };
      const output = new Output(plan, encoding, targetOf(plan.member), world);
      this.#planned.set(plan.name, { output, stream });
      output.open();
    }
  }

  output(name: string): Output {
    return this.#of(name).output;
  }

  /** What an output sends after this start of its encoder; outputs of the same encode share the encoder. */
  encoding(output: string, start: number): Encoding {
    return this.#encodingOf(this.#of(output).stream, output, start);
  }

  #of(name: string): Planned {
    const planned = this.#planned.get(name);
    if (planned === undefined) throw new Error(`no output ${name}`);
    return planned;
  }

  #encodingOf(
    { name, isSame, gopFrames, pace = 'full' }: StreamPlan,
    output: string,
    start: number,
  ): Encoding {
    const key = `${isSame ? name : output} ${start}`;
    const known = this.#encodings.get(key);
    if (known !== undefined) return known;
    const look = this.encodes.size + 1;
    const id = `${name.replace('live/', '')}-${look}`;
    const encode = new MadeEncode({ id, stream: name, gopFrames, look, pace });
    this.encodes.set(id, encode);
    const encoding = { encode, startMs: this.#log.nowMs() };
    this.#encodings.set(key, encoding);
    return encoding;
  }
}
