const COUNT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const count = (value: number): string => (value < 10_000 ? String(value) : COUNT.format(value));

export function bitRate(kbps: number): string {
  if (kbps < 1000) return `${Math.round(kbps)} kbit/s`;
  if (kbps < 1_000_000) return `${(kbps / 1000).toFixed(1)} Mbit/s`;
  return `${(kbps / 1_000_000).toFixed(2)} Gbit/s`;
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [amount, unit] = [value, 0];
  while (amount >= 1000 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}

/** How long ago, in the largest two units. */
export function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

export const roundTrip = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);

/** The time of day, to the millisecond. */
export function clock(unixMs: number): string {
  const date = new Date(unixMs);
  if (Number.isNaN(date.getTime())) return '?';
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}
