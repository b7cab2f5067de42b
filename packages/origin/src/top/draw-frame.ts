/** Puts frames on a terminal (ECMA-48 control sequences) and the terminal back as it was. */

/** The other screen of the terminal, without a cursor, lines not wrapped. */
export const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
export const LEAVE_SCREEN = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/**
 * What makes a terminal that shows `before` show `lines`: only lines that differ, in one write, so that nothing flickers.
 * null: what it shows is not known.
 */
export function drawFrame(before: readonly string[] | null, lines: readonly string[]): string {
  const parts = before === null ? ['\u001b[2J'] : [];
  for (const [index, line] of lines.entries())
    if (before === null || before[index] !== line) parts.push(`\u001b[${index + 1};1H${line}\u001b[K`);
  // Terminals that know of it show all of it at once (DEC mode 2026); the others do not mind.
  return parts.length === 0 ? '' : `\u001b[?2026h${parts.join('')}\u001b[?2026l`;
}
