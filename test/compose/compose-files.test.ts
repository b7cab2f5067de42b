import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '@headwater/origin/config';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY } from '../support/repository.js';

interface Service {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
}

type Compose = Readonly<Record<string, Service>>;

const BASE = 'docker-compose.yml';
const FOLDER = 'conf/compose';
const additions = readdirSync(join(REPOSITORY, FOLDER)).filter((file) => file.endsWith('.yml'));

function servicesOf(file: string): Compose {
  const text = readFileSync(join(REPOSITORY, file), 'utf8');
  return (parse(text, { merge: true }) as { readonly services: Compose }).services;
}

/** As compose lays one file over another, as far as these files use it. */
function together(files: readonly string[]): Compose {
  const merged: Record<string, Service> = {};
  for (const file of files)
    for (const [name, service] of Object.entries(servicesOf(file))) {
      const before = merged[name] ?? {};
      merged[name] = {
        ...before,
        ...service,
        environment: { ...before.environment, ...service.environment },
        ports: [...(before.ports ?? []), ...(service.ports ?? [])],
        volumes: [...(before.volumes ?? []), ...(service.volumes ?? [])],
      };
    }
  return merged;
}

/** `${NAME:-default}` and `${NAME:?why}` filled in, as from an `.env` that has a mesh key alone. */
function filledIn(environment: Service['environment'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      String(value).replaceAll(/\$\{(\w+):([-?])([^}]*)\}/g, (_, _of, kind: string, rest: string) =>
        kind === '-' ? rest : 'k'.repeat(32),
      ),
    ]),
  );
}

const sets = [[], ...additions.map((file) => [file]), additions].map((files) => [
  BASE,
  ...files.map((file) => `${FOLDER}/${file}`),
]);

describe.each(sets.map((files) => [files.join(' + '), files] as const))('%s', (_, files) => {
  const services = together(files);
  const members = Object.entries(services).filter(([, { image }]) => image === 'headwater');

  it.each(members.map(([name]) => name))('configures %s as a member that starts', (name) => {
    const resolved = resolveConfig({
      file: { name: 'origin.yml', text: readFileSync(join(REPOSITORY, 'conf/origin.yml'), 'utf8') },
      env: filledIn(services[name]?.environment),
      set: [],
      hostName: name,
    });
    expect(resolved).toMatchObject({ ok: true, warnings: [] });
  });

  it('publishes no port of the host twice', () => {
    const ports = Object.values(services)
      .flatMap(({ ports }) => ports ?? [])
      .map((port) => port.split(':').at(-2));
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('mounts files that are there', () => {
    const mounted = Object.values(services)
      .flatMap(({ volumes }) => volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((path) => path.startsWith('./conf/'));
    expect(mounted.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
  });
});

it('conf/compose/haproxy.cfg is valid', needs('haproxy'), () => {
  const { status, stdout, stderr } = spawnSync(
    'haproxy',
    ['-c', '-f', join(REPOSITORY, FOLDER, 'haproxy.cfg')],
    {
      encoding: 'utf8',
    },
  );
  expect(`${stdout}${stderr}`).not.toMatch(/ALERT|WARNING/i);
  expect(status).toBe(0);
});

it('each file has a section in the page beside it', () => {
  const page = readFileSync(join(REPOSITORY, FOLDER, 'README.md'), 'utf8');
  for (const file of additions) expect(page).toContain(`## ${file}`);
});
