import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HANG_MS } from '@headwater/testing/await-condition';
import axe from 'axe-core';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { REPOSITORY } from './repository.js';
import type { Scope } from './scope.js';

/** A page of a real Chromium, and what went wrong in it. */
export interface Opened {
  readonly page: Page;
  /** Errors that nobody caught, what its policy refused, and what it wrote to the console as an error. */
  readonly faults: string[];
}

const VIEW = { width: 1360, height: 860 };

/** Opens one browser with one page, until the scope closes. */
export async function openPage(scope: Scope, options: BrowserContextOptions = {}): Promise<Opened> {
  const browser = await chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    // Tests run as root in containers, with little shared memory.
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-gpu',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
  scope.defer(() => browser.close());
  const context = await browser.newContext({
    viewport: VIEW,
    colorScheme: 'dark',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(HANG_MS);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // A member that is killed answers nothing, and the browser says so.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  scope.witness(() => `${page.url()}\n${faults.join('\n')}`);
  return { page, faults };
}

/** What axe-core finds against WCAG 2.2 A and AA on the page as it is, in words. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  )) as axe.AxeResults;
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary}`),
  );
}

/** Pictures of the documentation are made where HEADWATER_SCREENSHOTS is set, and only there. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (process.env.HEADWATER_SCREENSHOTS === undefined) return;
  const folder = join(REPOSITORY, 'docs', 'images');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}
