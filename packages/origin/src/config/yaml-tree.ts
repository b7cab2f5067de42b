import { isAlias, isMap, isScalar, isSeq } from 'yaml';

/** Deepest value that is read; rules have four levels. */
const DEPTH_MAX = 8;

/** What is wrong with a value with parts, and where; `node` is the YAML node to blame. */
export interface TreeProblem {
  readonly node: unknown;
  readonly text: string;
}

/** Maps and lists as JSON would give them. What cannot be read is told of, and left out. Its cost is linear in the text. */
export function yamlTree(node: unknown, problems: TreeProblem[], depth = 0): unknown {
  if (isAlias(node)) problems.push({ node, text: 'found an alias, expected the value written out' });
  else if (isScalar(node)) return node.value;
  else if (depth >= DEPTH_MAX) problems.push({ node, text: 'nested too deeply' });
  else if (isSeq(node)) return node.items.map((item) => yamlTree(item, problems, depth + 1));
  else if (isMap(node)) {
    const fields = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? (key.source ?? String(key.value)) : null;
      if (name === null) problems.push({ node: key, text: 'found a key that is no word' });
      else if (fields.has(name)) problems.push({ node: key, text: `${name} is given twice` });
      else fields.set(name, yamlTree(value, problems, depth + 1));
    }
    return Object.fromEntries(fields);
  }
  return null;
}
