import { execFileSync } from 'node:child_process';
import { HANG_MS } from '@headwater/testing/await-condition';
import type { Scope } from './scope.js';

let labs = 0;

/**
 * Some hosts on one machine: a network namespace each, on one switch in a namespace of its own, so nothing of it shows in
 * the machine's own network. Needs root, `ip` and `iptables`. Packets are dropped without a word at the host that they
 * are for. (Delay would take the kernel's sch_netem, which many machines lack, so there is none.)
 */
export class NetLab {
  readonly #name = `headwater-${process.pid}-${labs}`;
  readonly #namespaces: string[] = [];
  readonly #remove = () => this.#close();

  private constructor() {
    labs += 1;
  }

  /** Hosts are counted from 0. All of it is gone when the scope closes, or at the latest with this process. */
  static open(scope: Scope, hosts: number): NetLab {
    const lab = new NetLab();
    process.once('exit', lab.#remove);
    scope.defer(lab.#remove);
    const hub = lab.#add('hub');
    ip('-n', hub, 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0');
    ip('-n', hub, 'link', 'set', 'br0', 'up');
    for (let host = 0; host < hosts; host += 1) {
      const namespace = lab.#add(`h${host}`);
      const port = `p${host}`;
      ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      ip('-n', hub, 'link', 'set', port, 'master', 'br0', 'up');
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
      ip('-n', namespace, 'addr', 'add', `${lab.address(host)}/24`, 'dev', 'eth0');
      ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    }
    return lab;
  }

  address(host: number): string {
    return `10.231.7.${host + 1}`;
  }

  /** Words before a command that runs it on this host; its process id stays that of the command. */
  within(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', `${this.#name}-h${host}`];
  }

  /** What a command on this host prints. @throws where it fails. */
  run(host: number, ...command: string[]): string {
    const [first = '', ...args] = [...this.within(host), ...command];
    return execFileSync(first, args, { stdio: 'pipe', encoding: 'utf8', timeout: HANG_MS });
  }

  /** What these send to those is lost; what those send to these is not. */
  cutOneWay(from: readonly number[], to: readonly number[]): void {
    this.#drop(from, to);
  }

  cut(these: readonly number[], those: readonly number[]): void {
    this.#drop(these, those);
    this.#drop(those, these);
  }

  /** What these send to one TCP port of that host is lost; all else between them is not. */
  cutPort(from: readonly number[], to: number, port: number): void {
    for (const source of from) {
      const match = ['-s', this.address(source), '-p', 'tcp', '--dport', String(port)];
      this.#iptables(to, '-A', 'INPUT', ...match, '-j', 'DROP');
    }
  }

  /** As a machine without IPv6: no address of it is left, and there will be none. */
  withoutIpv6(host: number): void {
    const settings = ['all', 'default', 'lo'].map((name) => `net.ipv6.conf.${name}.disable_ipv6=1`);
    this.run(host, 'sysctl', '-qw', ...settings);
  }

  /** Every host loses this share (0..1) of all packets that come to it. */
  lose(share: number): void {
    const statistic = ['-m', 'statistic', '--mode', 'random', '--probability', String(share)];
    this.#eachHost((host) => this.#iptables(host, '-A', 'INPUT', '-i', 'eth0', ...statistic, '-j', 'DROP'));
  }

  heal(): void {
    this.#eachHost((host) => this.#iptables(host, '-F', 'INPUT'));
  }

  /** Bytes that came to and went from this host on its one interface, all headers included. */
  bytes(host: number): { readonly received: number; readonly sent: number } {
    const line = this.run(host, 'cat', '/proc/net/dev').split('eth0:')[1] ?? '';
    const fields = line.trim().split(/\s+/).map(Number);
    return { received: fields[0] ?? Number.NaN, sent: fields[8] ?? Number.NaN };
  }

  #drop(from: readonly number[], to: readonly number[]): void {
    for (const host of to) {
      for (const source of from)
        this.#iptables(host, '-A', 'INPUT', '-s', this.address(source), '-j', 'DROP');
    }
  }

  #iptables(host: number, ...rule: string[]): void {
    this.run(host, 'iptables', '-w', ...rule);
  }

  #eachHost(work: (host: number) => void): void {
    for (let host = 0; host < this.#namespaces.length - 1; host += 1) work(host);
  }

  #add(suffix: string): string {
    const namespace = `${this.#name}-${suffix}`;
    ip('netns', 'add', namespace);
    this.#namespaces.push(namespace);
    return namespace;
  }

  #close(): void {
    process.off('exit', this.#remove);
    // Hosts first: with a namespace go its interfaces, and with those their other ends.
    for (let name = this.#namespaces.pop(); name !== undefined; name = this.#namespaces.pop())
      ip('netns', 'del', name);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe', timeout: HANG_MS });
}
