const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof STYLES;
/** Colours text for a terminal, or leaves it as it is. */
export type Paint = Readonly<Record<Style, (text: string) => string>>;

/** With colours or without. */
export function createPaint(isColored: boolean): Paint {
  const painter =
    ([on, off]: readonly [number, number]) =>
    (text: string) =>
      isColored && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: painter(STYLES.bold),
    dim: painter(STYLES.dim),
    red: painter(STYLES.red),
    green: painter(STYLES.green),
    yellow: painter(STYLES.yellow),
    cyan: painter(STYLES.cyan),
  };
}

/** Colours on a terminal only, and never where NO_COLOR is set (https://no-color.org); FORCE_COLOR asks for them. */
export function paintFor(isTty: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  if (env.NO_COLOR) return createPaint(false);
  if (env.FORCE_COLOR) return createPaint(env.FORCE_COLOR !== '0');
  return createPaint(isTty && env.TERM !== 'dumb');
}
