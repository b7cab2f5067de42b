import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { freePorts } from '../support/free-port.js';
import { testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

describe('HAProxy before two members', needs('haproxy'), () => {
  it('finds by HTTP/1.0 who is ready, and sends nobody to who is not', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
    const [front = 0, stats = 0] = await freePorts(scope, 2);
    const folder = scratchFolder(scope, 'haproxy');
    const config = join(folder, 'haproxy.cfg');
    const servers = cluster.members.map(
      ({ name, ports }) =>
        `  server ${name} 127.0.0.1:${ports.http} check port ${ports.api} inter 200ms fastinter 200ms fall 1 rise 1`,
    );
    writeFileSync(
      config,
      `
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen headwater
  bind 127.0.0.1:${front}
  option httpchk GET /readyz
${servers.join('\n')}
listen stats
  bind 127.0.0.1:${stats}
  mode http
  stats enable
  stats uri /
`,
    );
    new TestProcess(scope, 'haproxy', ['-f', config, '-db']);
    const states = async (): Promise<string> => {
      const csv = await (await fetch(`http://127.0.0.1:${stats}/;csv`)).text();
      const rows = csv.split('\n').map((line) => line.split(','));
      return cluster.members
        .map(({ name }) => rows.find(([group, server]) => group === 'headwater' && server === name)?.[17])
        .join(' ');
    };
    const instead = () => states();
    // Servers count as up until the first check; its result is in the 37th field.
    const checked = async (): Promise<boolean> => {
      const csv = await (await fetch(`http://127.0.0.1:${stats}/;csv`)).text();
      return csv.split('\n').filter((line) => line.includes('L7OK')).length === 2;
    };
    await awaitCondition('both to be checked and up', checked, { instead });
    expect(await states()).toBe('UP UP');
    await cluster.member(0).kill('SIGKILL');
    await awaitCondition('one to be down', async () => (await states()).startsWith('DOWN'), { instead });
    const page = await fetch(`http://127.0.0.1:${front}/`);
    expect(await page.text()).toContain('This is member b');
  });
});
