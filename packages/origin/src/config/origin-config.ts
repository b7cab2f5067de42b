import type { PlayMode } from '@headwater/directory';
import type { RuleConfig } from '@headwater/guard/rules';
import type { PublishPolicy } from '@headwater/media';
import type { OPTIONS, Option } from './options.js';

type Table = typeof OPTIONS;
/** A pattern's value is kept under the name found, so it has no place of its own in the type. */
export type FixedPath = Exclude<keyof Table, `apps.${string}`>;
/** The value of each fixed key by its path. */
export type ConfigValues = { readonly [P in FixedPath]: Table[P] extends Option<infer T> ? T : never };

type LeafName<V> = Exclude<keyof V & string, `${string}.${string}`>;
type GroupName<V> = keyof V & string extends infer P
  ? P extends `${infer Group}.${string}`
    ? Group
    : never
  : never;
type OptionalLeaf<V> = { [P in LeafName<V>]: undefined extends V[P] ? P : never }[LeafName<V>];

/** Makes `{ 'a.b': T }` into `{ a: { b: T } }`, keys that may be undefined into keys that may be absent. */
type Nested<V> = { readonly [P in Exclude<LeafName<V>, OptionalLeaf<V>>]: V[P] } & {
  readonly [P in OptionalLeaf<V>]?: Exclude<V[P], undefined>;
} & {
  readonly [G in GroupName<V>]: Nested<{
    [P in keyof V as P extends `${G}.${infer Rest}` ? Rest : never]: V[P];
  }>;
};

/** What one origin runs with: every value effective and checked. Its shape is that of the table of options. */
export type OriginConfig = Nested<ConfigValues> & {
  /** Overrides by app name. */
  readonly apps: Readonly<
    Record<
      string,
      {
        readonly play?: {
          readonly mode?: PlayMode;
          readonly mergeMs?: number;
          readonly auth?: readonly RuleConfig[];
        };
        readonly publish?: { readonly policy?: PublishPolicy; readonly auth?: readonly RuleConfig[] };
      }
    >
  >;
};

/** Puts values that came from the table's schemas into the table's shape. */
export function nestValues(values: ReadonlyMap<readonly string[], unknown>): OriginConfig {
  const root: Branch = new Map([['apps', new Map()]]);
  for (const [path, value] of values) {
    if (value === undefined) continue;
    let branch = root;
    for (const name of path.slice(0, -1)) {
      const next = branch.get(name);
      const child: Branch = next instanceof Map ? next : new Map();
      branch.set(name, child);
      branch = child;
    }
    branch.set(path.at(-1) ?? '', value);
  }
  return freeze(root) as OriginConfig;
}

type Branch = Map<string, unknown>;

/** An app may be called `__proto__`: no key may reach an object's prototype. */
function freeze(branch: Branch): object {
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, value] of branch) result[name] = value instanceof Map ? freeze(value) : value;
  return Object.freeze(result);
}
