import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './repository.js';

/** One call of a log in the sources. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  /** Those that its literal names; others may come with a spread. */
  readonly fields: readonly string[];
  /** Path from the repository's root. */
  readonly file: string;
}

/** The sources of the packages, as they run: no tests, nothing private. */
export const SOURCES: readonly (readonly [file: string, text: string])[] = readdirSync(
  join(REPOSITORY, 'packages'),
)
  .filter((name) => name !== 'testing' && name !== 'console')
  .flatMap((name) => {
    const folder = `packages/${name}/src`;
    return (readdirSync(join(REPOSITORY, folder), { recursive: true }) as string[]).map(
      (file) => `${folder}/${file}`,
    );
  })
  .filter((file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$|\/testing\//.test(file))
  .sort()
  .map((file) => [file, readFileSync(join(REPOSITORY, file), 'utf8')] as const);

/** `log.info(fields, msg)`; `effects.log('info', msg, fields)`; and those that log what they are given. */
const CALLS: readonly (readonly [call: RegExp, level: string])[] = [
  [/\b#?\w*[lL]og\??\.(debug|info|warn|error|fatal)\(/g, ''],
  [/\b(?:effects|events)\.log\('(\w+)',/g, ''],
  [/\blog\((?=\s*\{)/g, 'info'],
  [/#tellOf\(/g, 'warn'],
  [/#tellEnd\(/g, 'info'],
];

/** Every call of a log whose message is written there. */
export function logLines(): readonly LogLine[] {
  return SOURCES.flatMap(([file, text]) =>
    CALLS.flatMap(([pattern, level]) =>
      [...text.matchAll(pattern)].flatMap((call) => {
        const parts = argumentsAt(text, call.index + call[0].length);
        const literal = parts.find((part) => part.startsWith('{')) ?? '';
        return parts
          .filter((part) => part !== literal)
          .flatMap(messagesOf)
          .map((msg) => ({ level: call[1] ?? level, msg, fields: fieldsOf(literal), file }));
      }),
    ),
  );
}

/** A text, or both of `isOne ? 'one message' : 'another'`. A code, which has no space, is none. */
const messagesOf = (part: string): readonly string[] =>
  /^'[a-zA-Z][^'\\]*'$/.test(part)
    ? [part.slice(1, -1)]
    : /\? '/.test(part)
      ? [...part.matchAll(/'([^'\\]*)'/g)].flatMap(([, msg = '']) => (/^[a-zA-Z].* /.test(msg) ? [msg] : []))
      : [];

/** Texts between the commas of the outermost level, from there to the bracket that closes. */
function argumentsAt(text: string, start: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === "'" || char === '`') at = text.indexOf(char, at + 1);
    else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) {
      depth -= 1;
      if (depth < 0) return [...parts, text.slice(from, at)].map((one) => one.trim()).filter(Boolean);
    } else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return parts;
}

function fieldsOf(literal: string): readonly string[] {
  if (!literal.startsWith('{')) return [];
  return argumentsAt(literal, 1).flatMap((entry) => {
    const name = /^(\w+)\s*(?::|$)/.exec(entry)?.[1];
    return name === undefined ? [] : [name];
  });
}
