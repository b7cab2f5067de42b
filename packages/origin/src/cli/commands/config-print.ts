import type { EffectiveValue } from '../../config/resolve-config.js';
import { problemText, sourceText } from '../../config/setting.js';
import type { Command } from '../command.js';
import { CONFIG_FLAG, loadGiven, PRECEDENCE_NOTE, SET_FLAG } from '../config-flags.js';
import { EXIT } from '../io.js';
import { paintFor } from '../paint.js';
import { type Cell, renderTable } from '../table.js';

/** Shown in place of a secret, whatever its length. */
const MASK = '********';

export const CONFIG_PRINT: Command = {
  name: 'config print',
  summary: 'Show the value of every key that an origin would run with, and where each came from.',
  flags: [CONFIG_FLAG, SET_FLAG, { name: 'json', meaning: 'Print JSON for machines.' }],
  notes: [PRECEDENCE_NOTE, 'Secrets are masked.'],
  async run(given, io) {
    const { effective, warnings } = await loadGiven(given, given.value('config'), io);
    if (given.has('json')) {
      const keys = effective.map((key) => [
        key.path,
        { value: shownValue(key), source: sourceText(key.source) },
      ]);
      io.stdout.write(`${JSON.stringify(Object.fromEntries(keys), null, 2)}\n`);
      return EXIT.ok;
    }
    const rows = effective.map((key): Cell[] => {
      const isDefault = key.source.kind === 'default';
      const value = shownValue(key);
      const text =
        value === null ? 'none' : Array.isArray(value) ? value.join(', ') || 'empty' : String(value);
      return [
        key.path,
        isDefault ? { text, style: 'dim' } : text,
        { text: sourceText(key.source), style: 'dim' },
      ];
    });
    const paint = paintFor(io.stdout.isTTY === true, io.env);
    io.stdout.write(renderTable(['KEY', 'VALUE', 'SOURCE'], rows, paint));
    const warn = paintFor(io.stderr.isTTY === true, io.env).yellow('warning');
    for (const warning of warnings) io.stderr.write(`${warn} ${problemText(warning)}\n`);
    return EXIT.ok;
  },
};

function shownValue({ value = null, isSecret }: EffectiveValue): NonNullable<EffectiveValue['value']> | null {
  return isSecret && value !== null ? MASK : value;
}
