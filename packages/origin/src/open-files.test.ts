import { describe, expect, it } from 'vitest';
import { filesAllowed, requireFiles } from './open-files.js';

const limits = (max: string) => () =>
  `Limit Soft Limit Hard Limit Units\nMax open files            ${max}  1024  files\n`;

describe('the files that a process may open', () => {
  it('are read as Linux tells them, and unknown where it does not', () => {
    expect(filesAllowed(limits('1024'))).toBe(1024);
    expect(filesAllowed(limits('unlimited'))).toBeUndefined();
    expect(
      filesAllowed(() => {
        throw new Error('ENOENT');
      }),
    ).toBeUndefined();
  });

  it('are enough, unknown, or a clear error', () => {
    requireFiles(1_024);
    requireFiles(undefined);
    expect(() => requireFiles(64)).toThrowError(expect.objectContaining({ code: 'FILES_TOO_FEW' }));
  });
});
