import type { Manifest } from './manifests.js';

/** What secrets are filled in with. */
const SECRET = 'k'.repeat(32);

export interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly fieldRef?: { readonly fieldPath: string };
      readonly secretKeyRef?: object;
    };
  }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

export interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string }[];
}

export const podOf = ({ spec }: Manifest): PodSpec =>
  (spec as { readonly template: { readonly spec: PodSpec } }).template.spec;

export function containerOf(workload: Manifest): Container {
  const [container] = podOf(workload).containers;
  if (container === undefined) throw new Error(`${workload.file} has no container`);
  return container;
}

/** The environment that Kubernetes would make of it: `$(NAME)` filled in, fields by their paths, secrets made up. */
export function environmentOf(
  workload: Manifest,
  fields: Readonly<Record<string, string>> = FIELDS,
): Readonly<Record<string, string>> {
  const made = new Map<string, string>();
  for (const { name, value, valueFrom } of containerOf(workload).env) {
    const found = valueFrom?.fieldRef?.fieldPath;
    const given =
      value?.replaceAll(/\$\((\w+)\)/g, (whole, other: string) => made.get(other) ?? whole) ??
      (found === undefined ? SECRET : (fields[found] ?? ''));
    made.set(name, given);
  }
  return Object.fromEntries(made);
}

const FIELDS: Readonly<Record<string, string>> = {
  'metadata.name': 'headwater-0',
  'status.podIP': '10.1.2.3',
  "metadata.labels['headwater.io/origin']": 'a',
};
