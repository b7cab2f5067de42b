import { wrapText } from '../config/wrap-text.js';
import { ERRORS, HeadwaterError } from '../errors.js';
import { maskSecrets } from '../log/mask-secrets.js';
import { EXIT } from './io.js';
import type { Paint } from './paint.js';
import { printable } from './text-width.js';

const WIDTH = 100;

/** One block for people: what happened, each detail, what to do next. A bug shows its stack. */
export function errorText(error: unknown, paint: Paint): string {
  return blockOf(error, paint);
}

function blockOf(error: unknown, paint: Paint): string {
  if (!(error instanceof HeadwaterError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${paint.red(paint.bold('error'))} ${paint.dim('INTERNAL')} ${maskSecrets(stack)}\n  ${ERRORS.INTERNAL}\n`;
  }
  const details = error.details
    .flatMap((detail) => detail.split('\n'))
    .map((line) => `  ${shown(line)}\n`)
    .join('');
  const hint = wrapText(error.hint.split('\n').map(shown).join('\n'), WIDTH, '  ');
  return `${paint.red(paint.bold('error'))} ${paint.dim(error.code)} ${error.message.split('\n').map(shown).join('\n')}\n${details}${paint.cyan(hint)}`;
}

/** Messages of the API name what others are called; a secret is nobody's to see. */
const shown = (line: string): string => printable(maskSecrets(line));

/** 2 where the caller or the configuration is wrong, 1 where something failed. */
export function exitStatus(error: unknown): number {
  return error instanceof HeadwaterError && USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.failed;
}

const USAGE_CODES = new Set<string>([
  'USAGE',
  'CONFIG_UNREADABLE',
  'CONFIG_INVALID',
  'CERTIFICATE_UNUSABLE',
  'MESH_KEY_MISSING',
  'MESH_KEY_SHORT',
  'SEED_INVALID',
  'STREAM_NAME_INVALID',
]);
