import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { HANG_MS } from '@headwater/testing/await-condition';
import type { Scope } from '../support/scope.js';

let networks = 0;

/**
 * The network of some pods: a namespace for each, on one switch, with an address that none of them had before. This
 * process has a leg in it, so it reaches pods by their addresses; they reach nobody but each other and the name server.
 * Needs root and `ip`.
 */
export class PodNetwork {
  readonly #name = `hw-k8s-${process.pid}-${networks}`;
  readonly #subnet = freeSubnet();
  readonly #namespaces = new Set<string>();
  readonly #remove = () => this.#close();
  #pods = 0;

  private constructor() {
    networks += 1;
  }

  /** All of it is gone when the scope closes, or at the latest with this process. */
  static open(scope: Scope): PodNetwork {
    const network = new PodNetwork();
    process.once('exit', network.#remove);
    scope.defer(network.#remove);
    const hub = network.#add('hub');
    const leg = `hk${process.pid % 1_000_000}-${networks}`;
    ip('-n', hub, 'link', 'set', 'lo', 'up');
    ip('-n', hub, 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0');
    ip('-n', hub, 'addr', 'add', `${network.nameServer}/24`, 'dev', 'br0');
    ip('-n', hub, 'link', 'set', 'br0', 'up');
    ip('link', 'add', leg, 'type', 'veth', 'peer', 'name', 'leg', 'netns', hub);
    ip('-n', hub, 'link', 'set', 'leg', 'master', 'br0', 'up');
    ip('addr', 'add', `${network.#subnet}.2/24`, 'dev', leg);
    ip('link', 'set', leg, 'up');
    return network;
  }

  /** Where the name server listens, on the switch itself. */
  get nameServer(): string {
    return `${this.#subnet}.1`;
  }

  /** Words before a command that run it beside the switch. */
  get atHub(): readonly string[] {
    return ['ip', 'netns', 'exec', `${this.#name}-hub`];
  }

  /** An address that no pod has had. */
  newAddress(): string {
    this.#pods += 1;
    return `${this.#subnet}.${this.#pods + 10}`;
  }

  /** A host with this address, which no other one has at the moment. */
  addHost(name: string, address: string): { readonly within: readonly string[]; remove(): void } {
    const [namespace, port] = [this.#add(name), `p${address.split('.')[3]}`];
    const hub = `${this.#name}-hub`;
    ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    ip('-n', hub, 'link', 'set', port, 'master', 'br0', 'up');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    return {
      within: ['ip', 'netns', 'exec', namespace],
      remove: () => {
        ip('-n', hub, 'link', 'del', port);
        this.#delete(namespace);
      },
    };
  }

  #add(suffix: string): string {
    const namespace = `${this.#name}-${suffix}`;
    ip('netns', 'add', namespace);
    this.#namespaces.add(namespace);
    return namespace;
  }

  #delete(namespace: string): void {
    if (this.#namespaces.delete(namespace)) ip('netns', 'del', namespace);
  }

  #close(): void {
    process.off('exit', this.#remove);
    for (const namespace of [...this.#namespaces].reverse()) this.#delete(namespace);
  }
}

/** Three numbers of an address that nobody on this machine has a route for. */
function freeSubnet(): string {
  for (;;) {
    const subnet = `10.232.${randomInt(1, 255)}`;
    const routes = execFileSync('ip', ['route', 'show', `${subnet}.0/24`], { encoding: 'utf8' });
    if (routes.trim() === '') return subnet;
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe', timeout: HANG_MS });
}
