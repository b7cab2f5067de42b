import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Manifest, readManifests } from './manifests.js';

interface Kustomization {
  readonly resources?: readonly string[];
  readonly nameSuffix?: string;
  readonly labels?: readonly { readonly pairs: Readonly<Record<string, string>> }[];
  readonly images?: readonly { readonly name: string; readonly newTag: string }[];
  readonly patches?: readonly {
    readonly target: { readonly kind: string; readonly name: string };
    readonly patch: string;
  }[];
}

/** What these files use of kustomize; another field would be left out without a word. */
const KNOWN = ['apiVersion', 'kind', 'resources', 'nameSuffix', 'labels', 'images', 'patches'];

/** A part of an object that patches and labels are laid into. */
type Tree = { [key: string]: unknown };

export const nameOf = ({ metadata }: Manifest): string => (metadata as { readonly name: string }).name;

/** What `kubectl apply -k` makes of a folder, as far as these files use kustomize. @throws where they use more of it. */
export function kustomize(folder: string): readonly Manifest[] {
  const read = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const unknown = Object.keys(read).filter((key) => !KNOWN.includes(key));
  if (unknown.length > 0) throw new Error(`${folder}: ${unknown.join(', ')} is not known here`);
  const objects = (read.resources ?? []).flatMap((resource) =>
    resource.endsWith('.yaml') ? readManifests(folder, resource) : kustomize(join(folder, resource)),
  );
  const names = new Set(objects.map(nameOf));
  for (const object of objects) {
    for (const { target, patch } of read.patches ?? [])
      if (isWhole(target.kind, object.kind) && isWhole(target.name, nameOf(object))) apply(object, patch);
    if (read.nameSuffix !== undefined) addSuffix(object, read.nameSuffix, names);
    for (const { pairs } of read.labels ?? []) addLabels(object, pairs);
    for (const { name, newTag } of read.images ?? []) tagImages(object, name, newTag);
  }
  return objects;
}

/** Targets are regular expressions of the whole word. */
const isWhole = (pattern: string, word: string): boolean => new RegExp(`^(?:${pattern})$`).test(word);

/** JSON patch (RFC 6902), of which `add` alone is used; where nothing is to be added to, it fails, as kustomize does. */
function apply(object: Manifest, patch: string): void {
  for (const { op, path, value } of parse(patch) as readonly { op: string; path: string; value: unknown }[]) {
    if (op !== 'add') throw new Error(`${op} is not known here`);
    const segments = path.slice(1).split('/');
    const last = segments.pop() ?? '';
    const parent = segments.reduce<unknown>((tree, key) => (tree as Tree | undefined)?.[key], object);
    if (Array.isArray(parent) && last === '-') parent.push(value);
    else if (typeof parent === 'object' && parent !== null) (parent as Tree)[last] = value;
    else throw new Error(`${object.kind} ${nameOf(object)} has no ${path}`);
  }
}

/** Also where one of them names another. */
function addSuffix(object: Manifest, suffix: string, names: ReadonlySet<string>): void {
  const visit = (tree: Tree): void => {
    for (const [key, value] of Object.entries(tree)) {
      if (typeof value === 'object' && value !== null) visit(value as Tree);
      else if (key === 'claimName' && names.has(String(value))) tree[key] = `${value}${suffix}`;
    }
  };
  visit(object);
  (object.metadata as Tree).name = `${nameOf(object)}${suffix}`;
}

/** With `includeSelectors` and `includeTemplates`. */
function addLabels(object: Manifest, pairs: Readonly<Record<string, string>>): void {
  const metadata = object.metadata as Tree;
  metadata.labels = { ...(metadata.labels as object), ...pairs };
  const spec = object.spec as Tree | undefined;
  if (spec?.selector !== undefined) {
    const selector = spec.selector as Tree;
    Object.assign((selector.matchLabels as Tree | undefined) ?? selector, pairs);
  }
  const template = spec?.template as { metadata: { labels: Tree } } | undefined;
  if (template !== undefined) Object.assign(template.metadata.labels, pairs);
}

function tagImages(object: Manifest, name: string, tag: string): void {
  const template = (object.spec as Tree | undefined)?.template as
    | { spec: { containers: { image: string }[] } }
    | undefined;
  for (const container of template?.spec.containers ?? [])
    if (container.image.split(':')[0] === name) container.image = `${name}:${tag}`;
}
