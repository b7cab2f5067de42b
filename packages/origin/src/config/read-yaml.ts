import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { looksForeign, oursFor } from './foreign-keys.js';
import { didYouMean } from './nearest.js';
import {
  appNameProblem,
  type FoundOption,
  findOption,
  findOptionByPath,
  isGroup,
  suggestKeys,
} from './option-lookup.js';
import type { Problem, RawValue, Setting, Source } from './setting.js';
import { type TreeProblem, yamlTree } from './yaml-tree.js';

/** What a text gave: settings, and all that is wrong with it. */
export interface Reading {
  readonly settings: readonly Setting[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a YAML 1.2 document (core schema). Its cost is linear in the text: aliases are refused, so nothing expands, and
 * only known groups are gone into. A key without a value is a key not given.
 */
export function readYaml(file: string, text: string): Reading {
  const lines = new LineCounter();
  const at = (offset: number): Source => ({ kind: 'file', file, line: lines.linePos(offset).line });
  const reader = new YamlReader(at);
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      resolveKnownTags: false,
      uniqueKeys: false,
      version: '1.2',
      logLevel: 'error',
    });
    const faults = [...document.errors, ...document.warnings];
    if ((faults.length > 0 || isScalar(document.contents)) && looksForeign(text)) {
      reader.problem('', at(0), FOREIGN);
      return reader;
    }
    for (const fault of faults) reader.problem('', at(fault.pos[0]), faultText(fault));
    // After a syntax error the tree is a guess, and each problem found in it may be one too many.
    if (reader.problems.length === 0) reader.readRoot(document.contents);
  } catch (error) {
    // Thousands of nested brackets end the parser's stack; it has no limit of its own.
    if (!(error instanceof RangeError)) throw error;
    reader.problem('', { kind: 'file', file, line: 1 }, 'nested too deeply to be a config file');
  }
  return reader;
}

const FOREIGN =
  'it looks like a configuration of SRS or nginx; expected YAML, with keys such as rtmp: or mesh: (headwater config example prints all)';

const faultText = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  code === 'MULTIPLE_DOCS'
    ? 'found --- and a second document, expected one'
    : `not YAML as it should be: ${withoutSource(message)}`;

/** The parser cites what it stumbled over, which may be a secret. */
const withoutSource = (message: string): string => message.replace(/: ("|[^\s:]+$)[\s\S]*$/, '');

/** Keys that get a suggestion; a file with more unknown ones is no config, and looking for kin of thousands takes seconds. */
const SUGGESTIONS_MAX = 50;

class YamlReader implements Reading {
  readonly settings: Setting[] = [];
  readonly problems: Problem[] = [];
  readonly #at: (offset: number) => Source;

  constructor(at: (offset: number) => Source) {
    this.#at = at;
  }

  problem(path: string, source: Source, text: string): void {
    this.problems.push({ path, source, text });
  }

  readRoot(root: Node | null): void {
    if (isEmpty(root)) return;
    if (isMap(root)) this.#readGroup(root, []);
    else this.problem('', this.#source(root), `found ${kindOf(root)}, expected keys such as rtmp: or mesh:`);
  }

  #readGroup(group: YAMLMap, parent: readonly string[]): void {
    const lineOf = new Map<string, Source>();
    for (const { key, value } of group.items) {
      const source = this.#source(key);
      if (!isScalar(key) || isAlias(value)) {
        this.problem(
          parent.join('.'),
          source,
          'anchors, aliases and keys that are no words are not taken here',
        );
        continue;
      }
      const segments = [...parent, key.source ?? String(key.value)];
      const path = segments.join('.');
      const earlier = lineOf.get(path);
      lineOf.set(path, source);
      if (earlier?.kind === 'file') this.problem(path, source, `given twice, first in line ${earlier.line}`);
      else this.#readKey(segments, value, source);
    }
  }

  #readKey(segments: readonly string[], value: unknown, source: Source): void {
    const path = segments.join('.');
    const found = findOption(segments);
    const wrongApp = appNameProblem(segments);
    if (found === null && findOptionByPath(path) !== null)
      this.problem(path, source, `a key with dots; expected ${path.split('.').join(': and below it ')}:`);
    else if (found === null && !isGroup(segments))
      this.problem(path, source, `unknown key${this.#suggestion(path)}`);
    else if (wrongApp !== null) this.problem(path, source, `found no name of an app: ${wrongApp}`);
    else if (isEmpty(value)) return;
    else if (found !== null) this.#readValue(found, value, source);
    else if (isMap(value)) this.#readGroup(value, segments);
    else this.problem(path, source, `found ${groupText(value)}, expected keys below it`);
  }

  #suggestion(path: string): string {
    const ours = oursFor(path);
    if (ours !== null) return `; what SRS or nginx-rtmp calls so is here ${ours}`;
    return this.problems.length < SUGGESTIONS_MAX ? didYouMean(suggestKeys(path)) : '';
  }

  #readValue(found: FoundOption, value: unknown, source: Source): void {
    const expected = found.option.type.expected;
    if (found.option.type.reads === 'rules') this.#readTree(found, value, source);
    else if (isScalar(value)) this.settings.push({ ...found, value: plain(value.value), source });
    else if (isSeq(value)) this.#readList(found, value, source);
    else this.problem(found.path, source, `found ${kindOf(value)}, expected ${expected}`);
  }

  #readList(found: FoundOption, list: YAMLSeq, source: Source): void {
    const entries = list.items.map((entry) =>
      isScalar(entry) ? plain(entry.value) : { found: kindOf(entry) },
    );
    const entrySources = list.items.map((entry) => this.#source(entry));
    this.settings.push({ ...found, value: entries, source, entrySources });
  }

  #readTree(found: FoundOption, value: unknown, source: Source): void {
    const problems: TreeProblem[] = [];
    const tree = yamlTree(value, problems);
    for (const { node, text } of problems) this.problem(found.path, this.#source(node), text);
    if (problems.length > 0) return;
    const entrySources = isSeq(value) ? value.items.map((entry) => this.#source(entry)) : [];
    this.settings.push({ ...found, value: { tree }, source, entrySources });
  }

  #source(node: unknown): Source {
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
    return this.#at(Array.isArray(range) && typeof range[0] === 'number' ? range[0] : 0);
  }
}

function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

function plain(value: unknown): RawValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** In the place of a group: a text there may be the secret that belongs below it. */
const groupText = (node: unknown): string =>
  isScalar(node) && typeof node.value === 'string' ? 'a text' : kindOf(node);

function kindOf(node: unknown): string {
  if (isMap(node)) return 'a map (a colon with a blank after it makes one)';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return 'an alias (write the value out)';
  return isScalar(node) ? `the value ${JSON.stringify(node.value)}` : 'nothing';
}
