import { displayStreamKey, route, type StreamKey, streamKey } from '@headwater/directory';
import { MemberCore } from '@headwater/mesh/core';
import { look } from './checkers/index.js';
import type { Member } from './member.js';
import { ownersText } from './running-core.js';
import { profileOf } from './storm.js';
import { World } from './world.js';

/**
 * A scenario as a readable file: some lines of commands, a line of dashes, what they must print, an empty line, and
 * again. `#` begins a comment. The same commands print the same, always: the form is that of etcd's raft tests.
 */
const DASHES = '----';

interface Block {
  readonly head: readonly string[];
  readonly commands: readonly string[];
}

/** The file with what really came out in the place of what was expected. */
export function rewritten(text: string): string {
  const scenario = new Scenario();
  const blocks = text.split(/\n{2,}/).map((block) => {
    const { head, commands } = parse(block);
    if (commands.length === 0) return head.join('\n');
    const output = commands.flatMap((command) => scenario.run(command));
    return [...head, DASHES, ...(output.length === 0 ? ['ok'] : output)].join('\n');
  });
  return `${blocks.join('\n\n').trimEnd()}\n`;
}

function parse(block: string): Block {
  const lines = block.split('\n');
  const end = lines.indexOf(DASHES);
  const head = lines.slice(0, end === -1 ? lines.length : end).filter((line) => line !== '');
  return { head, commands: head.filter((line) => !line.startsWith('#')) };
}

const keyOf = (name: string): StreamKey => {
  const [app = '', stream = ''] = name.split('/');
  return streamKey({ vhost: '__defaultVhost__', app, stream });
};

/** `150ms`, `3s`, `10m`; also below zero. */
function msOf(text: string): number {
  const [, count, unit] = /^(-?[\d.]+)(ms|s|m|h)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new Error(`${text} is no time`);
  return Number(count) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h'];
}

/** A small world that does what it is told, line by line. The first member started is everybody's seed. */
class Scenario {
  readonly #world = new World({
    seed: 1,
    seeds: ['a:7946'],
    codecShare: 1,
    // So that a core that draws once more or less does not move everything.
    makeCore: (options, now) => new MemberCore({ ...options, random: () => 0.5 }, now),
  });
  /** When the last command began: times are printed from there. */
  #since = 0;

  /** What the command prints. */
  run(line: string): readonly string[] {
    const [name = '', ...args] = line.split(/\s+/);
    const command = this.#commands[name];
    if (command === undefined) throw new Error(`unknown command: ${line}`);
    return command(...args) ?? [];
  }

  readonly #commands: Readonly<Record<string, (...args: string[]) => readonly string[] | undefined>> = {
    start: (...names) => this.#each(names, (member) => this.#world.start(member)),
    kill: (...names) => this.#each(names, (member) => this.#world.end(member, 'killed')),
    'power-off': (...names) => this.#each(names, (member) => this.#world.end(member, 'silent')),
    leave: (...names) => this.#each(names, (member) => this.#world.end(member, 'left')),
    stall: (name = '', ms = '') => this.#each([name], (member) => this.#world.stall(member, msOf(ms))),
    clock: (name = '', ms = '') =>
      this.#each([name], (member) => {
        member.wallSkewMs += msOf(ms);
      }),
    publish: (name = '', ...streams) =>
      this.#each([name], (member) => {
        for (const stream of streams) this.#world.publish(member, keyOf(stream));
      }),
    unpublish: (name = '', ...streams) =>
      this.#each([name], (member) => {
        for (const stream of streams) this.#world.unpublish(member, keyOf(stream));
      }),
    silent: (name = '', ...streams) =>
      this.#each([name], (member) => {
        for (const stream of streams) this.#world.setSilent(member, keyOf(stream), true);
      }),
    flowing: (name = '', ...streams) =>
      this.#each([name], (member) => {
        for (const stream of streams) this.#world.setSilent(member, keyOf(stream), false);
      }),
    drain: (name = '') =>
      this.#each([name], (member) => this.#world.setProfile(member, { ...member.profile, draining: true })),
    // `cut a b`: both directions; `cut a>b`: what a sends to b.
    cut: (...names) => this.#paths(names, (from, to) => this.#world.network.paths.cut(from, to)),
    heal: (...names) => this.#paths(names, (from, to) => this.#world.network.paths.heal(from, to)),
    // Hands no broadcasts on.
    mute: (...names) => {
      for (const name of names) this.#world.network.gossip.mute.add(name);
      return undefined;
    },
    // All that anybody ever broadcast, once more, handed on by this member.
    replay: (name = '') => {
      const endpoint = this.#member(name).running?.endpoint;
      const parcels = [...this.#world.overheard];
      for (const parcel of parcels) endpoint?.broadcast(parcel);
      return undefined;
    },
    run: (ms = '') => {
      this.#since = this.#world.now;
      this.#world.beliefs = [];
      this.#world.run(msOf(ms));
      return undefined;
    },
    // What the members came to believe of each other during the last `run`.
    news: () =>
      this.#world.beliefs.map(
        ({ at, observer, member, liveness }) =>
          `${`+${((at - this.#since) / 1000).toFixed(1)}s`.padEnd(7)} ${observer}: ${member} ${liveness}`,
      ),
    owners: (...streams) =>
      streams.flatMap((stream) => this.#table((running) => ownersText(running.core, keyOf(stream)) || '-')),
    streams: () =>
      this.#table(({ core }) => [...core.directory.streams()].map(displayStreamKey).sort().join(' ') || '-'),
    members: () =>
      this.#table(({ core }) =>
        [...core.directory.members()]
          .map(({ id, liveness }) => `${id} ${liveness}`)
          .sort()
          .join(', '),
      ),
    route: (stream = '') =>
      this.#table(({ core }) => {
        const found = route(core.directory, {
          key: keyOf(stream),
          protocol: 'rtmp',
          followsRedirect: true,
          mark: 'none',
          mode: 'auto',
        });
        return found.kind === 'redirect' ? `redirect to ${found.target.member}` : found.kind;
      }),
    // All rules that hold when it is quiet.
    check: () => {
      look(this.#world, 'always', 'quiet');
      return this.#world.violations.splice(0).map(({ checker, what }) => `${checker}: ${what}`);
    },
  };

  #table(cell: (running: NonNullable<Member['running']>) => string): string[] {
    return [...this.#world.running()]
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .map((running) => `${running.id}: ${cell(running)}`);
  }

  #each(names: readonly string[], run: (member: Member) => void): undefined {
    for (const name of names) run(this.#member(name));
  }

  #paths(names: readonly string[], run: (from: string, to: string) => void): undefined {
    const [one = '', other] = names;
    if (other === undefined) {
      const [from = '', to = ''] = one.split('>');
      run(from, to);
      return;
    }
    for (const name of names.slice(1)) {
      run(one, name);
      run(name, one);
    }
  }

  #member(name: string): Member {
    return this.#world.members.get(name) ?? this.#world.add(name, profileOf(name));
  }
}
