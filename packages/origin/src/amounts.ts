/** For terminals and for browsers: it must import nothing. */

/** A bit rate in the unit that fits: `64 kbit/s`, `3.2 Mbit/s`. */
export function bitRateText(kbps: number): string {
  if (kbps < 1000) return `${Math.round(kbps)} kbit/s`;
  return kbps < 1_000_000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${(kbps / 1_000_000).toFixed(2)} Gbit/s`;
}

/** An amount of bytes likewise, in powers of 1,000. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [amount, unit] = [bytes, 0];
  while (amount >= 1000 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}
