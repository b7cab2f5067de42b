/** One panel of a drawing: lines over a logarithmic x axis. */
export interface Panel {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly isYLogarithmic?: boolean;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly name: string;
  /** x and y, x rising; greater than 0. */
  readonly points: readonly (readonly [number, number])[];
}

const WIDTH = 420;
const HEIGHT = 300;
const LEFT = 62;
const RIGHT = 16;
const TOP = 34;
const BOTTOM = 48;
const LEGEND_LINE = 16;
/** Told apart also by people who see few colours (Okabe and Ito's set). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'];

/** Panels in rows of two as an SVG document; `title` is for who cannot see it. */
export function drawing(title: string, panels: readonly Panel[]): string {
  const legend = LEGEND_LINE * Math.max(...panels.map(({ lines }) => lines.length)) + 8;
  const rowHeight = HEIGHT + legend;
  const height = rowHeight * Math.ceil(panels.length / 2);
  const width = WIDTH * 2;
  const drawn = panels.map((panel, index) => {
    const [x, y] = [(index % 2) * WIDTH, Math.floor(index / 2) * rowHeight];
    return `<g transform="translate(${x},${y})">\n${draw(panel)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function draw({ title, xLabel, yLabel, isYLogarithmic = false, lines }: Panel): string {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const ys = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const yTicks = isYLogarithmic ? decades(ys) : evenTicks(Math.max(...ys));
  const across = scale(Math.log(xs[0] ?? 1), Math.log(xs.at(-1) ?? 10), LEFT, WIDTH - RIGHT);
  const [low = 0, high = 1] = [yTicks[0], yTicks.at(-1)];
  const up = isYLogarithmic
    ? scale(Math.log(low), Math.log(high), HEIGHT - BOTTOM, TOP)
    : scale(low, high, HEIGHT - BOTTOM, TOP);
  const atX = (x: number): number => across(Math.log(x));
  const atY = (y: number): number => up(isYLogarithmic ? Math.log(y) : y);
  const parts = [`<text x="${LEFT}" y="20" font-weight="bold">${title}</text>`];
  for (const tick of yTicks) {
    const y = atY(tick).toFixed(1);
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#ddd"/>`);
    parts.push(`<text x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${short(tick)}</text>`);
  }
  for (const x of xs)
    parts.push(
      `<text x="${atX(x).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle" font-size="10">${short(x)}</text>`,
    );
  parts.push(
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${xLabel}</text>`,
    `<text transform="translate(14,${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>`,
  );
  lines.forEach(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = points.map(([x, y]) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const [x, y] of points)
      parts.push(`<circle cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="3" fill="${colour}"/>`);
    const y = HEIGHT + index * LEGEND_LINE;
    parts.push(`<rect x="${LEFT}" y="${y}" width="18" height="3" fill="${colour}"/>`);
    parts.push(`<text x="${LEFT + 24}" y="${y + 6}">${name}</text>`);
  });
  return parts.join('\n');
}

const scale =
  (low: number, high: number, from: number, to: number) =>
  (value: number): number =>
    from + ((value - low) / (high - low || 1)) * (to - from);

function decades(values: readonly number[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
}

function evenTicks(most: number): number[] {
  const rough = most / 5;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((one) => one >= rough) ?? rough;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}

const short = (value: number): string =>
  value >= 1_000 ? `${Number((value / 1_000).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
