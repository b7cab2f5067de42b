import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';
import { pages } from './pages.js';

/** What can be jumped to in a page: its headings, as the common renderers name them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const text = withoutCode(readFileSync(join(REPOSITORY, page), 'utf8'));
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
}

const withoutCode = (text: string): string =>
  text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

describe('links in pages', () => {
  it.each(pages)('%s leads to what exists', (page) => {
    const links = [...withoutCode(readFileSync(join(REPOSITORY, page), 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)];
    const broken = links
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(REPOSITORY, file))) return true;
        return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor);
      });
    expect(broken).toEqual([]);
  });

  it('finds pages', () => {
    expect(pages).toContain('README.md');
    expect(pages.length).toBeGreaterThan(30);
  });
});
