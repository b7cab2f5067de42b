import { readFileSync, writeFileSync } from 'node:fs';
import { type Golden, type GoldenMessage, goldenMessages } from './golden.js';

/**
 * Adds the examples that this release's golden file has not yet. What is there is frozen: where an example is written
 * otherwise by now, nothing is written and the process ends with status 1.
 */

const here = (path: string): URL => new URL(`../../../${path}`, import.meta.url);

const { version } = JSON.parse(readFileSync(here('package.json'), 'utf8')) as { version: string };
const file = here(`src/wire/golden/${version}.json`);

const idOf = ({ channel, name }: GoldenMessage): string => `${channel}: ${name}`;

function frozen(): readonly GoldenMessage[] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Golden).messages;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

const kept = new Map(frozen().map((message) => [idOf(message), message]));
const made = goldenMessages();
const changed = made.filter((message) => (kept.get(idOf(message))?.bytes ?? message.bytes) !== message.bytes);
for (const message of changed)
  process.stderr.write(
    `${idOf(message)} is written otherwise than in ${file.pathname}: change the code, or, where ${version} was never released, remove that file first\n`,
  );
if (changed.length > 0) process.exitCode = 1;
else {
  for (const message of made) if (!kept.has(idOf(message))) kept.set(idOf(message), message);
  const golden: Golden = { release: version, messages: [...kept.values()] };
  writeFileSync(file, `${JSON.stringify(golden, null, 2)}\n`);
  process.stdout.write(`${kept.size} messages in ${file.pathname}\n`);
}
