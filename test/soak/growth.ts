/** What a member with all its processes held at one time. */
export interface Sample {
  readonly atMs: number;
  readonly memoryMb: number;
  readonly descriptors: number;
}

export interface Growth {
  readonly minutes: number;
  readonly memoryMb: Course;
  /** By a straight line through all samples: a leak goes on, a cache that fills does not. */
  readonly memoryMbPerHour: number;
  readonly descriptors: Course;
}

export interface Course {
  /** The median of the first fifth, and of the last. */
  readonly from: number;
  readonly to: number;
  readonly most: number;
}

/** Fewer say nothing. */
const SAMPLES_MIN = 10;

/** How one life of a member went, from `warmMs` after its first sample; null where that is too short to tell. */
export function growthOf(samples: readonly Sample[], warmMs: number): Growth | null {
  const beginMs = (samples[0]?.atMs ?? 0) + warmMs;
  const warm = samples.filter(({ atMs }) => atMs >= beginMs);
  const [first, last] = [warm[0], warm.at(-1)];
  if (first === undefined || last === undefined || warm.length < SAMPLES_MIN) return null;
  return {
    minutes: round((last.atMs - first.atMs) / 60_000),
    memoryMb: courseOf(warm.map(({ memoryMb }) => memoryMb)),
    memoryMbPerHour: round(slopeOf(warm) * 3_600_000),
    descriptors: courseOf(warm.map(({ descriptors }) => descriptors)),
  };
}

function courseOf(values: readonly number[]): Course {
  const fifth = Math.ceil(values.length / 5);
  return {
    from: medianOf(values.slice(0, fifth)),
    to: medianOf(values.slice(-fifth)),
    most: Math.max(...values),
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Least squares: memory over time, MB/ms. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [meanMs, meanMb] = [mean(({ atMs }) => atMs), mean(({ memoryMb }) => memoryMb)];
  const spread = mean(({ atMs }) => (atMs - meanMs) ** 2);
  const together = mean(({ atMs, memoryMb }) => (atMs - meanMs) * (memoryMb - meanMb));
  return spread === 0 ? 0 : together / spread;
}

const round = (value: number): number => Math.round(value * 10) / 10;
