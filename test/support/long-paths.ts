import { awaitCondition } from '@headwater/testing/await-condition';
import { TestProcess } from './child-process.js';
import { NetLab } from './net-lab.js';
import { LONG_PATHS_ROUTER } from './program.js';
import type { Scope } from './scope.js';

export interface LongPathsWeather {
  readonly oneWayMs: number;
  /** Share of the packets that are lost, 0 to 1. */
  readonly loss: number;
  readonly seed: number;
}

/** What the router is told, as JSON. */
export interface LongPathsOrder extends LongPathsWeather {
  readonly host: string;
  readonly port: number;
  readonly hosts: readonly { readonly inner: string; readonly outer: string }[];
}

const PORT = 7000;
/** A line of `ss -Htn`: the port of this end, and address and port of the other. */
const CONNECTION = /:(\d+)\s+([\d.]+):(\d+)\s*$/;
/** What UDP and IP add fits into the 1,500 bytes of a link. */
const MTU_BYTES = 1400;

/**
 * Hosts whose paths to each other are long and lose packets: real TCP of the kernel over them, in network namespaces. The
 * kernel's own way to delay packets (sch_netem) is missing on many machines, so each host has a TUN device (`socat`) whose
 * packets go to a router of ours.
 */
export class LongPaths {
  readonly #lab: NetLab;
  readonly #hosts: number;

  private constructor(lab: NetLab, hosts: number) {
    this.#lab = lab;
    this.#hosts = hosts;
  }

  static async open(scope: Scope, hosts: number, weather: LongPathsWeather): Promise<LongPaths> {
    const lab = NetLab.open(scope, hosts + 1);
    const paths = new LongPaths(lab, hosts);
    const all = Array.from({ length: hosts }, (_, host) => host);
    const order: LongPathsOrder = {
      ...weather,
      host: lab.address(hosts),
      port: PORT,
      hosts: all.map((host) => ({ inner: paths.address(host), outer: lab.address(host) })),
    };
    const router = run(scope, [
      ...lab.within(hosts),
      process.execPath,
      LONG_PATHS_ROUTER,
      JSON.stringify(order),
    ]);
    await new Promise<void>((resolve, reject) => {
      router.child.once('message', () => resolve());
      router.child.once('exit', () => reject(new Error(`the router ended: ${router.testimony()}`)));
    });
    for (const host of all) {
      const tun = `TUN:${paths.address(host)}/24,tun-name=long0,iff-no-pi,iff-up`;
      const udp = `UDP4:${lab.address(hosts)}:${PORT},bind=${lab.address(host)}:${PORT}`;
      run(scope, [...lab.within(host), 'socat', tun, udp]);
      await awaitCondition(`a long path of host ${host}`, () =>
        paths.#tries(host, 'ip', 'link', 'set', 'long0', 'mtu', String(MTU_BYTES)),
      );
    }
    return paths;
  }

  address(host: number): string {
    return `10.232.7.${host + 1}`;
  }

  within(host: number): readonly string[] {
    return this.#lab.within(host);
  }

  /** Whatever comes by the connections that stand now is answered with a reset; new ones are made as ever. */
  resetConnections(): void {
    for (let host = 0; host < this.#hosts; host += 1) {
      for (const line of this.#lab.run(host, 'ss', '-Htn', 'state', 'established').split('\n')) {
        const [, local, peer, peerPort] = CONNECTION.exec(line) ?? [];
        if (peer === undefined || local === undefined || peerPort === undefined) continue;
        const match = ['-i', 'long0', '-p', 'tcp', '-s', peer, '--sport', peerPort, '--dport', local];
        this.#lab.run(
          host,
          'iptables',
          '-w',
          '-A',
          'INPUT',
          ...match,
          '-j',
          'REJECT',
          '--reject-with',
          'tcp-reset',
        );
      }
    }
  }

  /** No connection is answered with a reset any more. */
  forgetConnections(): void {
    for (let host = 0; host < this.#hosts; host += 1) this.#lab.run(host, 'iptables', '-w', '-F', 'INPUT');
  }

  #tries(host: number, ...command: string[]): boolean {
    try {
      this.#lab.run(host, ...command);
      return true;
    } catch {
      return false;
    }
  }
}

function run(scope: Scope, [command = '', ...args]: readonly string[]): TestProcess {
  return new TestProcess(scope, command, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
}
