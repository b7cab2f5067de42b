import { expect, it } from 'vitest';
import { endAfter, refusalAfter } from './after-link.js';
import type { LinkEnd } from './link.js';

const said = (reason?: string): LinkEnd => ({
  code: 'refused',
  text: 'words',
  ...(reason !== undefined && { reason }),
});

it.each<[LinkEnd, string, boolean]>([
  [said('owned-elsewhere'), 'owned-elsewhere', true],
  [said('contended'), 'contended', true],
  [said('already-published'), 'already-published', false],
  [said('stopping'), 'stopping', false],
  [said('not-an-origin'), 'not-an-origin', false],
  [said('identity-disputed'), 'identity-disputed', false],
  // Its rules, of a member that does not believe ours.
  [said(), 'origin-refused', false],
  [said('constructor'), 'origin-refused', false],
  [{ code: 'unreachable', text: 'ECONNREFUSED' }, 'no-origin', false],
  [{ code: 'deadline', text: 'late' }, 'no-origin', false],
  // A code counts only where the origin itself said no.
  [{ code: 'protocol', text: 'x', reason: 'owned-elsewhere' }, 'no-origin', false],
])('before it was taken: %o is %s, final: %s', (end, code, isFinal) => {
  expect(refusalAfter(end)).toMatchObject({ code, isFinal });
});

it("tells the publisher the origin's words", () => {
  expect(refusalAfter(said('owned-elsewhere')).text).toBe('words');
  expect(refusalAfter(said()).text).toContain(': words');
});

it.each<[LinkEnd, string | null]>([
  [said('taken-over'), 'taken-over'],
  [said('owned-elsewhere'), 'owned-elsewhere'],
  [said('kicked'), 'kicked'],
  [said('idle'), 'idle'],
  [said('stopping'), null],
  [said('reconnecting'), null],
  [said('already-published'), null],
  [said(), null],
  [{ code: 'closed-by-server', text: 'gone' }, null],
  [{ code: 'stuck', text: 'hangs' }, null],
  [{ code: 'stuck', text: 'hangs', reason: 'kicked' }, null],
])('after it was taken: %o ends it as %s', (end, expected) => {
  expect(endAfter(end)).toBe(expected);
});
