import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { DnsAnswer } from '@headwater/testing/dns-server';
import { TestProcess } from '../support/child-process.js';
import { cleanEnvironment } from '../support/origin-process.js';
import { REPOSITORY } from '../support/repository.js';
import type { Scope } from '../support/scope.js';
import type { PodNetwork } from './pod-network.js';

/** Built: Node runs it, and not the test runner. */
const SERVER = join(REPOSITORY, 'test/dist/k8s/dns-process.js');

export type Records = Readonly<Record<string, DnsAnswer>>;

/** The name server of a cluster, where pods look for it. */
export class ClusterDns {
  readonly #process: TestProcess;

  private constructor(process: TestProcess) {
    this.#process = process;
  }

  static async start(scope: Scope, network: PodNetwork): Promise<ClusterDns> {
    const [command = '', ...args] = [...network.atHub, process.execPath, SERVER, network.nameServer];
    const server = new TestProcess(scope, command, args, {
      env: cleanEnvironment(),
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    });
    await awaitCondition('the name server to listen', () => server.stdout.length > 0, {
      instead: () => server.testimony(),
    });
    return new ClusterDns(server);
  }

  /** All that it knows from now on, by full name; for any other there is nothing. */
  async publish(records: Records): Promise<void> {
    const told = this.#process.stdout.length;
    this.#process.child.send(records);
    await awaitCondition('the name server to know', () => this.#process.stdout.length > told);
  }
}
