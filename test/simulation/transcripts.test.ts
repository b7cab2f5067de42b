import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rewritten } from './transcript.js';

const FOLDER = join(import.meta.dirname, 'transcripts');

/** `UPDATE_TRANSCRIPTS=1` writes what came out into the files; then read the difference. */
const isUpdate = process.env.UPDATE_TRANSCRIPTS === '1';

describe('transcript', () => {
  it.each(readdirSync(FOLDER))('%s', (name) => {
    const path = join(FOLDER, name);
    const text = readFileSync(path, 'utf8');
    const really = rewritten(text);
    if (isUpdate) writeFileSync(path, really);
    else expect(really).toBe(text);
  });
});
