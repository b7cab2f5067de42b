const WIDTH = 320;
const HEIGHT = 64;

/** A line of what was measured, oldest first; it ends now. */
export function Graph({
  title,
  values,
  places,
  show,
}: {
  readonly title: string;
  readonly values: readonly number[];
  /** Values that the whole width has room for. */
  readonly places: number;
  readonly show: (value: number) => string;
}) {
  const now = values.at(-1);
  const most = Math.max(1, ...values);
  const x = (index: number): number => WIDTH - ((values.length - 1 - index) * WIDTH) / (places - 1);
  const points = values.map(
    (value, index) => `${x(index).toFixed(1)},${(HEIGHT - 3 - (value / most) * (HEIGHT - 8)).toFixed(1)}`,
  );
  return (
    <figure class="graph">
      <figcaption>
        <span>{title}</span> <strong>{now === undefined ? '–' : show(now)}</strong>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={
          now === undefined
            ? `${title}: nothing yet`
            : `${title}: ${show(now)} now, ${show(Math.min(...values))} at least and ${show(most)} at most in the last minutes`
        }
      >
        {values.length > 1 && (
          <>
            <polygon class="area" points={`${x(0)},${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`} />
            <polyline class="line" points={points.join(' ')} />
          </>
        )}
      </svg>
    </figure>
  );
}
