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
  readonly command?: readonly string[];
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

/** What a file adds to, and so is given after. */
const ADDS_TO: Readonly<Record<string, readonly string[]>> = { 'tls-edges.yml': ['edges.yml', 'tls.yml'] };
const withWhatItAddsTo = (file: string): readonly string[] => [...(ADDS_TO[file] ?? []), file];

const sets = [[], ...additions.map(withWhatItAddsTo), [...new Set(additions.flatMap(withWhatItAddsTo))]].map(
  (files) => [BASE, ...files.map((file) => `${FOLDER}/${file}`)],
);

/** Where members differ in one of these, a play gets another answer here than there; `headwater doctor` compares them. */
const ALIKE = ['relay.tls', 'relay.tree', 'play.order', 'publish.policy', 'vhosts', 'mesh.heartbeatMs'];

describe.each(sets.map((files) => [files.join(' + '), files] as const))('%s', (_, files) => {
  const services = together(files);
  const members = Object.entries(services).filter(([, { image }]) => image === 'headwater');

  const configOf = (name: string) =>
    resolveConfig({
      file: { name: 'origin.yml', text: readFileSync(join(REPOSITORY, 'conf/origin.yml'), 'utf8') },
      env: filledIn(services[name]?.environment),
      set: [],
      hostName: name,
    });

  it.each(members.map(([name]) => name))('configures %s as a member that starts', (name) => {
    expect(configOf(name)).toMatchObject({ ok: true, warnings: [] });
  });

  it('configures members alike where they must be', () => {
    for (const key of ALIKE) {
      const values = members.map(([name]) => {
        const resolved = configOf(name);
        return resolved.ok ? resolved.effective.find(({ path }) => path === key)?.value : undefined;
      });
      expect(values, key).not.toContain(undefined);
      expect(new Set(values.map((value) => JSON.stringify(value))).size, key).toBe(1);
    }
  });

  it('gives each member all or nothing of TLS', () => {
    for (const [name, { environment = {}, volumes = [] }] of members) {
      const hasTls = 'HEADWATER_TLS_CERTIFICATES' in environment;
      expect(['HEADWATER_RTMPS_PORT' in environment, 'HEADWATER_HTTPS_PORT' in environment], name).toEqual([
        hasTls,
        hasTls,
      ]);
      expect(volumes.includes('./certs:/certs:ro'), name).toBe(hasTls);
    }
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

/** What HAProxy is started with, in its container: its own command where no file says another. */
function haproxyFiles(files: readonly string[]): readonly string[] {
  const { command = ['-f', '/usr/local/etc/haproxy/haproxy.cfg'], volumes = [] } =
    together(files.map((file) => (file === BASE ? BASE : `${FOLDER}/${file}`))).haproxy ?? {};
  const mounts = volumes.map((volume) => volume.split(':'));
  return command
    .filter((word) => word.startsWith('/'))
    .map((inside) => mounts.find(([, path]) => path === inside)?.[0] ?? `nothing is mounted as ${inside}`);
}

it.each([[['edges.yml']], [['edges.yml', 'tls.yml', 'tls-edges.yml']]])(
  'what HAProxy reads is valid: %s',
  needs('haproxy'),
  (files) => {
    const read = haproxyFiles(files).flatMap((file) => ['-f', file]);
    expect(read.length).toBeGreaterThan(0);
    const { status, stdout, stderr } = spawnSync('haproxy', ['-c', ...read], {
      encoding: 'utf8',
      cwd: REPOSITORY,
    });
    expect(`${stdout}${stderr}`).not.toMatch(/ALERT|WARNING/i);
    expect(status).toBe(0);
  },
);

it('each file has a section in the page beside it', () => {
  const page = readFileSync(join(REPOSITORY, FOLDER, 'README.md'), 'utf8');
  for (const file of additions) expect(page).toContain(`## ${file}`);
});
