import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '@headwater/origin/config';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';
import { kustomize, nameOf } from './kustomize.js';
import { K8S_FOLDER, type Manifest } from './manifests.js';
import { containerOf, environmentOf, podOf } from './pod-template.js';

/** What conf/k8s/README.md says to apply. */
const APPLIED = ['base', 'edge', 'services', 'tls', 'tls-edge', 'monitoring'];

/** Where members differ in one of these, a play gets another answer here than there. */
const ALIKE = ['relay.tls', 'relay.tree', 'play.order', 'play.mode', 'publish.policy', 'mesh.seeds'];

type Labels = Readonly<Record<string, string>>;

interface ServiceSpec {
  readonly clusterIP?: string;
  readonly selector: Labels;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[];
}

interface PolicySpec {
  readonly ingress: readonly { readonly ports: readonly { readonly port: string }[] }[];
}

/** What kubelet puts into each container for each Service of the namespace, as Docker's links did: some look like keys of ours. */
function serviceLinks(services: readonly Manifest[]): Readonly<Record<string, string>> {
  const entries = services.flatMap((service) => {
    const { ports, clusterIP } = specOf<ServiceSpec>(service);
    if (clusterIP === 'None') return [];
    const name = nameOf(service).toUpperCase().replaceAll('-', '_');
    const first = ports[0]?.port;
    return [
      [`${name}_SERVICE_HOST`, '10.96.0.9'],
      [`${name}_SERVICE_PORT`, `${first}`],
      [`${name}_PORT`, `tcp://10.96.0.9:${first}`],
      ...ports.flatMap(({ name: port, port: number }) => [
        [`${name}_SERVICE_PORT_${port.toUpperCase()}`, `${number}`],
        [`${name}_PORT_${number}_TCP`, `tcp://10.96.0.9:${number}`],
        [`${name}_PORT_${number}_TCP_PROTO`, 'tcp'],
        [`${name}_PORT_${number}_TCP_PORT`, `${number}`],
        [`${name}_PORT_${number}_TCP_ADDR`, '10.96.0.9'],
      ]),
    ];
  });
  return Object.fromEntries(entries);
}

const specOf = <T>({ spec }: Manifest): T => spec as T;
const labelsOf = (workload: Manifest): Labels =>
  specOf<{ readonly template: { readonly metadata: { readonly labels: Labels } } }>(workload).template
    .metadata.labels;
const portsOf = (workload: Manifest): readonly string[] =>
  containerOf(workload).ports.map(({ name }) => name);

describe.each(APPLIED)('conf/k8s/%s as it is applied', (folder) => {
  const objects = kustomize(join(K8S_FOLDER, folder));
  const ofKind = (...kinds: readonly string[]) => objects.filter(({ kind }) => kinds.includes(kind));
  const workloads = ofKind('StatefulSet', 'Deployment');
  const named = workloads.map((workload) => [nameOf(workload), workload] as const);

  const configOf = (workload: Manifest) => {
    const resolved = resolveConfig({
      file: { name: 'origin.yml', text: readFileSync(join(REPOSITORY, 'conf/origin.yml'), 'utf8') },
      env: { ...serviceLinks(ofKind('Service')), ...environmentOf(workload) },
      set: [],
      hostName: 'h',
    });
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
    return resolved;
  };

  it('has each object once', () => {
    const all = objects.map((object) => `${object.kind} ${nameOf(object)}`);
    expect(all.filter((one, index) => all.indexOf(one) !== index)).toEqual([]);
    expect(workloads.length).toBeGreaterThan(0);
  });

  it.each(named)('configures %s as a member that starts', (_, workload) => {
    expect(configOf(workload).warnings).toEqual([]);
    expect(containerOf(workload).image).toMatch(/^headwater:\d/);
  });

  it.each(named)('names all ports that %s listens on, and no other', (_, workload) => {
    const { rtmp, rtmps, http, https, api, metrics, mesh } = configOf(workload).config;
    const listened = Object.entries({ rtmp, rtmps, http, https, api, metrics, mesh }).flatMap(
      ([name, { port }]) => (port === null || port === undefined ? [] : [[name, port] as const]),
    );
    const ports = containerOf(workload).ports.map(({ name, containerPort }) => [name, containerPort]);
    expect(Object.fromEntries(ports)).toEqual(Object.fromEntries(listened));
  });

  it.each(named)('mounts in %s what it is to read and write', (_, workload) => {
    const claims = specOf<{ readonly volumeClaimTemplates?: readonly Manifest[] }>(workload);
    const volumes = [
      ...(podOf(workload).volumes ?? []).map(({ name }) => name),
      ...(claims.volumeClaimTemplates ?? []).map(nameOf),
    ];
    const mounts = containerOf(workload).volumeMounts;
    expect(mounts.filter(({ name }) => !volumes.includes(name))).toEqual([]);
    const files = configOf(workload).config.tls.certificates.flatMap(({ cert, key }) => [cert, key]);
    for (const path of ['/var/lib/headwater/identity.pem', '/tmp/x', ...files])
      expect(
        mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)),
        path,
      ).toBe(true);
  });

  it('configures members alike where they must be', () => {
    for (const key of ALIKE) {
      const values = workloads.map(
        (workload) => configOf(workload).effective.find(({ path }) => path === key)?.value,
      );
      expect(new Set(values.map((value) => JSON.stringify(value))).size, key).toBe(1);
      expect(values, key).not.toContain(undefined);
    }
  });

  it('has Services whose pods have the ports that they lead to', () => {
    for (const service of ofKind('Service')) {
      const { selector, ports } = specOf<ServiceSpec>(service);
      const selected = workloads.filter((workload) =>
        Object.entries(selector).every(([key, value]) => labelsOf(workload)[key] === value),
      );
      expect(selected.length, nameOf(service)).toBeGreaterThan(0);
      for (const workload of selected)
        for (const { targetPort } of ports) expect(portsOf(workload), nameOf(service)).toContain(targetPort);
      const numbers = ports.map(({ port }) => port);
      expect(new Set(numbers).size, nameOf(service)).toBe(numbers.length);
    }
  });

  it('opens every port that clients come to, by a Service and past the network policy', () => {
    const allowed = ofKind('NetworkPolicy').flatMap((policy) =>
      specOf<PolicySpec>(policy).ingress.flatMap(({ ports }) => ports.map(({ port }) => port)),
    );
    const led = ofKind('Service').flatMap((service) =>
      specOf<ServiceSpec>(service).ports.map(({ targetPort }) => targetPort),
    );
    for (const port of new Set(workloads.flatMap(portsOf))) {
      expect(allowed).toContain(port);
      expect(led).toContain(port);
    }
    for (const port of allowed) expect(workloads.flatMap(portsOf)).toContain(port);
  });

  it('names nothing that is not there', () => {
    const has = (kind: string, name: string) =>
      objects.some((object) => object.kind === kind && nameOf(object) === name);
    for (const scaler of ofKind('HorizontalPodAutoscaler')) {
      const { kind, name } = specOf<{ scaleTargetRef: { kind: string; name: string } }>(
        scaler,
      ).scaleTargetRef;
      expect(has(kind, name)).toBe(true);
    }
    for (const workload of workloads) {
      const { serviceAccountName, volumes = [] } = podOf(workload) as ReturnType<typeof podOf> & {
        readonly serviceAccountName: string;
        readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
      };
      expect(has('ServiceAccount', serviceAccountName)).toBe(true);
      for (const { persistentVolumeClaim } of volumes)
        if (persistentVolumeClaim)
          expect(has('PersistentVolumeClaim', persistentVolumeClaim.claimName)).toBe(true);
      const { serviceName } = specOf<{ readonly serviceName?: string }>(workload);
      if (serviceName !== undefined) expect(has('Service', serviceName)).toBe(true);
    }
  });
});
