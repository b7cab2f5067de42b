import { afterEach, expect, it, vi } from 'vitest';
import { BENCHES } from './benches.js';

afterEach(() => vi.restoreAllMocks());

it.each(Object.entries(BENCHES))(
  'the bench %s explains itself, and tells an unknown option',
  async (name, bench) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(await bench.run(name, ['--help'])).toBe(0);
    expect(log.mock.calls[0]?.[0]).toMatch(new RegExp(`^usage: npm run bench -- ${name} \\[options\\]\n`));
    expect(await bench.run(name, ['--no-such-option'])).toBe(2);
    expect(error.mock.calls[0]?.[0]).toMatch(/^unknown option --no-such-option\n/);
  },
);
