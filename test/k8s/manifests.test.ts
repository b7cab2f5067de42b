import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { resolveConfig } from '@headwater/origin/config';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';
import { testScope } from '../support/scope.js';
import { K8S_FOLDER as FOLDER, type Manifest, manifestsIn } from './manifests.js';
import { containerOf, environmentOf, podOf } from './pod-template.js';

const all = manifestsIn(FOLDER);
const kustomizations = all.filter(({ kind }) => kind === 'Kustomization');
const objects = all.filter(({ kind }) => kind !== 'Kustomization');
const workloads = objects.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment');

/** The module with the schema and the type of its group and version. */
function moduleOf({ apiVersion, kind }: Manifest): string {
  const isOperators = apiVersion.startsWith('monitoring.coreos.com/');
  return `${isOperators ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models'}/${apiVersion}/${kind}`;
}

/** By Kubernetes' own schemas, which do not mind fields that they do not know. */
async function validate(manifest: Manifest): Promise<void> {
  const { file: _, ...object } = manifest;
  const module = (await import(moduleOf(manifest))) as Record<
    string,
    new (
      object: object,
    ) => { validate(): void }
  >;
  const Model = module[object.kind];
  if (Model === undefined) throw new Error(`there is no ${object.kind} in ${object.apiVersion}`);
  new Model(object).validate();
}

/** What the compiler says of fields that Kubernetes has not, by the types made from the same schemas. */
function unknownFields(manifests: readonly Manifest[]): string {
  // Below node_modules, where imports find the types.
  const folder = mkdtempSync(join(REPOSITORY, 'node_modules', '.headwater-k8s-'));
  testScope().defer(() => rmSync(folder, { recursive: true, force: true }));
  const source = manifests.map(({ file, ...object }, index) => {
    const type = `import('${moduleOf({ file, ...object } as Manifest)}').I${object.kind}`;
    return `/* ${file} */ export const object${index}: ${type} = ${JSON.stringify(object)};`;
  });
  writeFileSync(join(folder, 'objects.ts'), source.join('\n'));
  const options = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--ignoreConfig',
    '--types',
    '',
    '--target',
    'esnext',
  ];
  const { stdout } = spawnSync(
    process.execPath,
    [join(REPOSITORY, 'node_modules/typescript/bin/tsc'), ...options, '--module', 'nodenext', 'objects.ts'],
    { cwd: folder, encoding: 'utf8' },
  );
  return stdout;
}

describe('conf/k8s', () => {
  it.each(objects.map((object) => [`${object.file}: ${object.kind}`, object] as const))(
    '%s is as its schema wants it',
    async (_, object) => {
      await validate(object);
    },
  );

  it('tells a wrong object from a right one', async () => {
    const [service] = objects.filter(({ kind }) => kind === 'Service');
    if (service === undefined) throw new Error('there is no Service');
    await expect(validate({ ...service, spec: { ports: [{ port: 'x' }] } })).rejects.toThrow();
    expect(unknownFields([{ ...service, spec: { porst: [] } }])).toContain('porst');
  });

  it('has no field that Kubernetes does not know', () => {
    expect(unknownFields(objects)).toBe('');
  });

  it('lists files that exist, and every file once', () => {
    const listed = kustomizations.flatMap(({ file, resources }) =>
      (resources as readonly string[]).map((resource) => join(dirname(file), resource)),
    );
    for (const path of listed)
      expect(
        existsSync(join(FOLDER, path.endsWith('.yaml') ? path : join(path, 'kustomization.yaml'))),
        path,
      ).toBe(true);
    expect(objects.map(({ file }) => file).filter((file) => !listed.includes(file))).toEqual([]);
  });

  it('takes files from its own folders alone, as kustomize does', () => {
    const foreign = kustomizations.flatMap(({ file, resources }) =>
      (resources as readonly string[])
        .filter((resource) => resource.endsWith('.yaml') && resource.startsWith('..'))
        .map((resource) => `${file}: ${resource}`),
    );
    expect(foreign).toEqual([]);
  });

  it('gives TLS to edges too, where there are edges, since members must agree on relay.tls', () => {
    const withTls = kustomizations.filter((one) => JSON.stringify(one).includes('HEADWATER_RELAY_TLS'));
    expect(withTls.map(({ file }) => file)).toEqual([
      'tls-edge/kustomization.yaml',
      'tls/kustomization.yaml',
    ]);
    for (const { file, resources, patches } of withTls) {
      const targets = (patches as readonly { target: { kind: string; name: string } }[]).map(
        ({ target }) => target,
      );
      // As kustomize does, which takes them for regular expressions of the whole name.
      const isPatched = (kind: string, name: string): boolean =>
        targets.some(
          (to) => new RegExp(`^(${to.kind})$`).test(kind) && new RegExp(`^(${to.name})$`).test(name),
        );
      expect(isPatched('StatefulSet', 'headwater'), file).toBe(true);
      const hasEdges = (resources as readonly string[]).includes('../edge');
      expect(isPatched('Deployment', 'headwater-edge'), file).toBe(hasEdges);
      expect(isPatched('Service', 'headwater-edge'), file).toBe(hasEdges);
    }
  });

  it('gives all of one version of the image', () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      version: string;
    };
    for (const { images } of kustomizations)
      if (images) expect(images).toEqual([{ name: 'headwater', newTag: version }]);
  });
});

describe.each(workloads.map((workload) => [workload.file, workload] as const))('%s', (_, workload) => {
  const pod = podOf(workload);
  const container = containerOf(workload);

  it('configures a member that starts', () => {
    const resolved = resolveConfig({
      file: { name: 'origin.yml', text: readFileSync(join(REPOSITORY, 'conf/origin.yml'), 'utf8') },
      env: environmentOf(workload),
      set: [],
      hostName: 'h',
    });
    expect(resolved).toMatchObject({ ok: true, warnings: [] });
  });

  it('names the ports that the member listens on', () => {
    const resolved = resolveConfig({ env: environmentOf(workload), set: [], hostName: 'h' });
    if (!resolved.ok) throw new Error('it is not valid');
    const { rtmp, http, api, metrics, mesh } = resolved.config;
    const ports = { rtmp, http, api, metrics, mesh };
    expect(
      Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort])),
    ).toEqual(Object.fromEntries(Object.entries(ports).map(([name, { port }]) => [name, port])));
  });

  it('asks for health where the member answers, and waits longer than a drain', () => {
    expect(container.startupProbe.httpGet).toEqual({ path: '/healthz', port: 'api' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'api' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'api' });
    const drainMs = Number(environmentOf(workload).HEADWATER_DRAIN_DEADLINE_MS);
    const preStopMs = container.lifecycle.preStop.sleep.seconds * 1000;
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(preStopMs + drainMs + 5000);
  });

  it('runs on a file system that it cannot write to', () => {
    expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
  });
});
