import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '@headwater/origin/config';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';

const read = (file: string): string => readFileSync(join(REPOSITORY, file), 'utf8');
const page = read('docs/sizing.md');
const resolved = resolveConfig({ env: {}, set: ['mesh.host=127.0.0.1'], hostName: 'h' });
const defaults = new Map(
  resolved.ok ? resolved.effective.map(({ path, value }) => [path, Number(value)] as const) : [],
);
const fileLimit = Number(/^LimitNOFILE=(\d+)$/m.exec(read('conf/systemd/headwater.service'))?.[1]);
const MIB = 1024 * 1024;

describe('docs/sizing.md', () => {
  it.each([
    ['limits.connectionsMax', /`limits\.connectionsMax` \(([\d,]+)\)/, 1],
    ['play.gopCacheBytesMax', /`play\.gopCacheBytesMax` \((\d+) MiB/, MIB],
    ['relay.replayBytesMax', /`relay\.replayBytesMax` \((\d+) MiB/, MIB],
    ['play.queueBytesMax', /play\.queueBytesMax \((\d+) MiB/, MIB],
    ['limits.connectionsPerAddressMax', /more than ([\d,]+) from one address/, 1],
  ])('tells the default of %s', (key, pattern, unit) => {
    const told = Number(pattern.exec(page)?.[1]?.replaceAll(',', ''));
    expect(told * unit).toBe(defaults.get(key));
  });

  it('agrees with the unit for systemd about files, which are enough for all connections', () => {
    expect(page).toContain(`| ${fileLimit}: enough for a \`limits.connectionsMax\` of 950,000 |`);
    expect(fileLimit).toBeGreaterThanOrEqual(950_000 * 1.1);
    expect(fileLimit).toBeGreaterThan((defaults.get('limits.connectionsMax') ?? Number.NaN) * 1.1);
  });
});
