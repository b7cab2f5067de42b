import type { Close, Output, Target } from '../chaos/encoder.js';
import type { Encoders } from '../chaos/encoders.js';
import type { EventLog } from '../chaos/event-log.js';
import type { MemberStates } from '../chaos/member-states.js';
import type { StreamPlan } from '../chaos/stream-plan.js';

interface PublishersOptions {
  readonly encoders: Encoders;
  readonly streams: readonly StreamPlan[];
  readonly states: MemberStates;
  readonly members: number;
  readonly targetOf: (member: number) => Target;
  readonly log: EventLog;
}

/** Keeps encoders on members that are up, as a list of addresses or a balancer does, and two of a stream apart. */
export class Publishers {
  moves = 0;
  /** How often a member ended a publisher's connection, or died with it. */
  lost = 0;
  readonly #options: PublishersOptions;
  /** Closed or silent on purpose. */
  readonly #harmed = new Set<string>();

  constructor(options: PublishersOptions) {
    this.#options = options;
    const { encoders, states, log, targetOf } = options;
    for (const output of encoders.outputs)
      output.onLost((member, status) => {
        this.lost += 1;
        if (states.isUp(member))
          log.violated('publisher', output.name, `was disconnected by ${targetOf(member).name} ${status}`);
        else this.#leave(output);
      });
  }

  /** Call it some times a second. */
  tick(): void {
    for (const output of this.#options.encoders.outputs) this.#leave(output);
  }

  /** To another member, now. */
  move(name: string, rank: number): void {
    const { encoders, states, log } = this.#options;
    const output = encoders.output(name);
    if (this.#harmed.has(name) || !states.isUp(output.member)) return;
    log.note(`** ${name} moves`);
    this.moves += 1;
    output.close('closed');
    this.#open(name, rank);
  }

  /** It sends nothing for a while; where `close` is given it is not even connected. */
  async harm(name: string, lastsMs: number, close?: Close): Promise<void> {
    const { encoders, log } = this.#options;
    if (this.#harmed.has(name)) return;
    this.#harmed.add(name);
    log.note(`** ${name} is ${close ?? 'silent'} for ${lastsMs} ms`);
    const output = encoders.output(name);
    if (close === undefined) output.silence();
    else output.close(close);
    await new Promise((resolve) => setTimeout(resolve, lastsMs));
    this.#harmed.delete(name);
    log.note(`** ${name} goes on`);
    if (close !== undefined) output.open();
    else output.resume();
  }

  /** To another one, where its member does not take it. */
  #leave(output: Output): void {
    const { state } = this.#options.states.now(output.member);
    if (output.isPublishing || this.#harmed.has(output.name)) return;
    if (state === 'killed' || state === 'draining') this.#open(output.name, 0);
  }

  #open(name: string, rank: number): void {
    const { encoders, streams, states, members, targetOf } = this.#options;
    const output = encoders.output(name);
    const stream = streams.find(({ outputs }) => outputs.some((each) => each.name === name));
    const taken = stream?.outputs
      .filter((each) => each.name !== name)
      .map((each) => encoders.output(each.name).member);
    const free = Array.from({ length: members }, (_, member) => member).filter(
      (member) => states.isUp(member) && member !== output.member && !taken?.includes(member),
    );
    // Nobody else is there: it tries the same one again.
    const member = free[rank % Math.max(1, free.length)] ?? output.member;
    output.open({ target: targetOf(member) });
  }
}
