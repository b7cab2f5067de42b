import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { accessibilityFaults, openPage, screenshot } from '../support/browser.js';
import { Cluster } from '../support/cluster.js';
import { play, publish } from '../support/ffmpeg.js';
import { MeshProcess } from '../support/mesh-process.js';
import type { OriginProcess } from '../support/origin-process.js';
import { relaysFrom } from '../support/relay-moves.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { type Scope, testScope } from '../support/scope.js';

/** Streams of a list that no window shows at once, and no answer of the API holds. */
const MANY = 300;
/** As test/support/mesh-process.ts has it. */
const MESH_KEY = 'of test members only, and 32 bytes long';

const node = (page: Page, name: string, state: string) =>
  page.locator(`.node[data-name="${name}"][data-state="${state}"]`);
const relay = (page: Page, from: string, to: string) =>
  page.locator(`.relay[data-from="${from}"][data-to="${to}"]`);

/** Publishes without media: a claim is all that a list needs. */
async function claim(
  scope: Scope,
  member: OriginProcess,
  app: string,
  streams: readonly string[],
): Promise<void> {
  for (const stream of streams) {
    const client = await RtmpClient.open(scope, member.ports.rtmp);
    await client.connect(`rtmp://127.0.0.1:${member.ports.rtmp}/${app}`);
    client.publish(stream);
    await client.awaitStatus('NetStream.Publish.Start');
  }
}

/**
 * Says yes to what is asked, and waits until the question is gone: what it brings about may be seen before its answer
 * has come, and until then the page behind it takes no key.
 */
async function confirm(page: Page, act: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: act, exact: true }).press('Enter');
  await dialog.waitFor({ state: 'detached' });
}

/** Index of the row with the focus; -1: none has it. */
const focusedRow = (page: Page): Promise<number> =>
  page.evaluate("Number(document.activeElement.closest('[data-index]')?.dataset.index ?? -1)");

/** To the end and back by the keyboard: only rows in view and some around them are in the document, and the focus stays. */
async function goThroughRows(page: Page, all: number): Promise<void> {
  const rows = page.locator('tbody [data-index]');
  const row = (index: number) => page.locator(`tbody [data-index="${index}"]`);
  await row(0).getByRole('link').first().focus();
  await page.keyboard.press('ArrowDown');
  await awaitCondition('the second row', async () => (await focusedRow(page)) === 1);
  // More of them come each time, until all are there.
  await awaitCondition('the last row', async () => {
    await page.keyboard.press('End');
    return (await focusedRow(page)) === all - 1;
  });
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe(String(all + 1));
  expect(await row(all - 1).getAttribute('aria-rowindex')).toBe(String(all + 1));
  await page.getByText(new RegExp(`–${all.toLocaleString('en')} of ${all.toLocaleString('en')}$`)).waitFor();
  expect(await rows.count()).toBeLessThan(120);
  expect(await accessibilityFaults(page)).toEqual([]);

  // Who goes into a stream and back is where they were.
  await page.keyboard.press('Enter');
  await page.locator('h2.name').waitFor();
  await page.goBack();
  await row(all - 1).waitFor();

  // What has the focus stays when the list is scrolled away from it.
  await row(all - 1)
    .getByRole('link')
    .first()
    .focus();
  await page.evaluate("document.querySelector('.rows').scrollTop = 0");
  await row(0).waitFor();
  expect(await focusedRow(page)).toBe(all - 1);
  expect(await rows.count()).toBeLessThan(120);
  await page.keyboard.press('Home');
  await awaitCondition('the first row', async () => (await focusedRow(page)) === 0);
}

describe('the console', needs('chromium', 'ffmpeg'), () => {
  it('shows the mesh and its relays as they are, follows a member that is killed, and can be used by all', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, {
      names: ['origin-a', 'origin-b', 'origin-c'],
      config: { zone: 'eu-west' },
    });
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    publish(scope, a.rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['origin-a']);
    publish(scope, b.rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['origin-a', 'origin-b']);
    const player = play(scope, c.rtmpUrl('live/s1'));
    await player.played(25);

    const { page, faults } = await openPage(scope);
    await page.goto(c.apiUrl('/console'));
    for (const name of ['origin-a', 'origin-b', 'origin-c']) await node(page, name, 'alive').waitFor();
    // Where the machine was late, c has moved already.
    const [owner, other] = relaysFrom(c) === a.name ? [a, b] : [b, a];
    await relay(page, owner.name, 'origin-c').waitFor({ state: 'attached' });
    await page.getByText('live from origin-c').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, 'console-mesh');
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });

    await owner.kill();
    await node(page, owner.name, 'dead').waitFor();
    await relay(page, other.name, 'origin-c').waitFor({ state: 'attached' });
    await page.locator('[aria-live]', { hasText: `${owner.name} is dead` }).waitFor({ state: 'attached' });
    await page.getByText(`players of live/s1 switched from ${owner.name} to ${other.name}`).waitFor();
    await screenshot(page, 'console-killed');

    // What another member runs with, asked through this one; and what it would do with a play.
    await page.goto(c.apiUrl('/console/#/config'));
    await page.getByRole('heading', { name: 'Configuration of origin-c' }).waitFor();
    await page.getByLabel('member').selectOption({ label: 'origin-b' });
    await page.getByRole('heading', { name: 'Configuration of origin-b' }).waitFor();
    await page.getByRole('row', { name: /^mesh\.key \*{8} .*by a reload/ }).waitFor();
    await page.getByLabel('with the words').fill('zone');
    await page.getByRole('row', { name: /^zone eu-west .*restart/ }).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.goto(c.apiUrl('/console/#/stream/__defaultVhost__%2Flive%2Fs1'));
    const explained = page.locator('section', {
      has: page.getByRole('heading', { name: 'Where a play goes' }),
    });
    await explained
      .getByText('would be served by origin-c, which pulls the stream from origin-b')
      .first()
      .waitFor();
    await explained.getByLabel('that comes to').selectOption({ label: 'origin-b' });
    await explained.getByText('would be served by origin-b itself').first().waitFor();
    await page.getByText(/^[\d.]+ frames\/s$/).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.goto(c.apiUrl('/console/#/'));

    // By the keyboard alone.
    const dialog = page.getByRole('dialog');
    await page.getByRole('link', { name: 'Clients', exact: true }).press('Enter');
    await page.getByRole('row', { name: /live\/s1 origin-c rtmp/ }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, 'console-clients');
    await page
      .getByRole('row', { name: /live\/s1 origin-c rtmp/ })
      .getByRole('button')
      .press('Enter');
    await confirm(page, 'Kick');
    await awaitCondition('the player to be ended', () => player.process.exit !== null);

    await page.getByRole('link', { name: 'Events', exact: true }).press('Enter');
    await page.getByLabel('with the words').fill(`${owner.name} is dead`);
    await page.getByLabel('Events, newest first').getByText(`${owner.name} is dead`).first().waitFor();
    // By what each page has when all of it is there.
    const phonePages = {
      '': page.locator('.node').first(),
      streams: page.getByRole('row', { name: /live\/s1/ }),
      clients: page.getByRole('row', { name: /live\/s1 .* rtmp/ }).first(),
      events: page.getByLabel('Events, newest first'),
      config: page.getByRole('row', { name: /^mesh\.key/ }),
      'stream/__defaultVhost__%2Flive%2Fs1': page.getByRole('heading', { name: 'Where a play goes' }),
    };
    // 320 px: what is left of a window where text is four times as large (WCAG 1.4.10).
    for (const [hash, whole] of Object.entries(phonePages)) {
      await page.setViewportSize({ width: 380, height: 780 });
      await page.goto(c.apiUrl(`/console/#/${hash}`));
      await whole.waitFor();
      for (const width of [320, 380]) {
        await page.setViewportSize({ width, height: 780 });
        const { wide, shown } = await page.evaluate<{ wide: number; shown: number }>(
          '({ wide: document.documentElement.scrollWidth, shown: innerWidth })',
        );
        expect(wide, `#/${hash} at ${width} px`).toBeLessThanOrEqual(shown);
      }
    }
    await page.goto(c.apiUrl('/console/#/'));
    await node(page, owner.name, 'dead').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, 'console-phone');

    // By the keyboard alone, from the picture to a member, and to its drain. Last of all: where nobody else publishes
    // the stream the publisher is closed at once, and whether the cancel comes before that is a matter of luck.
    await page.setViewportSize({ width: 1280, height: 800 });
    await node(page, other.name, 'alive').focus();
    await page.keyboard.press('Enter');
    await page
      .getByRole('heading', { name: new RegExp(`^${other.name}`) })
      .first()
      .waitFor();
    const drain = page.getByRole('button', { name: 'Drain …' });
    await drain.focus();
    await page.keyboard.press('Enter');
    await dialog.getByText('its 1 publisher of 1 stream are closed').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await drain.press('Enter');
    await confirm(page, 'Drain');
    await page.getByRole('button', { name: 'Cancel drain …' }).press('Enter');
    await confirm(page, 'Cancel drain');
    await drain.waitFor();
    expect(faults).toEqual([]);
  });

  it('shows hostile names as text, and many streams as one scrolls', async () => {
    const scope = testScope();
    // Without what no stream's name may have: blanks, control characters, ? # \\ and encoded slashes.
    const hostile = [
      '<img<script>window.hurt=1<script>',
      '"onmouseover="window.hurt=1"autofocus="',
      'javascript:window.hurt=1',
      '__proto__',
      '\u202Egnp.exe',
      '{{window.hurt=1}}&lt;b&gt;',
      '..%2e',
      `');DROP-TABLE-streams;--${'x'.repeat(180)}`,
    ].map((name) => encodeURIComponent(name));
    const cluster = await Cluster.start(scope, { names: ['a', 'b'], config: { mesh: { key: MESH_KEY } } });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    await claim(scope, a, 'evil', hostile);
    await claim(scope, a, encodeURI('evil/<svg'), ['onload=window.hurt=1>']);
    const names = [
      ...hostile.map((name) => `evil/${decodeURIComponent(name)}`),
      'evil/<svg/onload=window.hurt=1>',
    ];
    const crowd = await MeshProcess.spawn(scope, 'crowd', { seeds: [`127.0.0.1:${a.ports.mesh}`] });
    await crowd.listening();
    const keys = Array.from(
      { length: MANY },
      (_, index) => `__defaultVhost__/many/s${String(index).padStart(4, '0')}`,
    );
    crowd.order({ kind: 'claim', keys });
    const all = names.length + MANY;
    await awaitCondition(
      'b knows all',
      async () => (await b.members()).reduce((sum, { streams }) => sum + streams, 0) === all,
    );

    const { page, faults } = await openPage(scope);
    await page.goto(b.apiUrl('/console'));
    await node(page, 'a', 'alive').waitFor();
    await page.goto(b.apiUrl('/console/#/streams'));
    await page.getByText(`${all.toLocaleString('en')} in the mesh`).waitFor();
    await goThroughRows(page, all);
    await page.keyboard.press('/');
    await page.keyboard.type('evil/');
    const rows = page.locator('tbody [data-index]');
    await awaitCondition('what begins so', async () => (await rows.count()) === names.length);
    const shown = (await page.locator('tbody th a').allTextContents()).sort();
    // What turns the order of letters round is shown by its number.
    expect(shown).toEqual(names.map((name) => name.replace('\u202E', '⟨U+202E⟩')).sort());
    expect(await accessibilityFaults(page)).toEqual([]);

    for (const [index, name] of shown.entries()) {
      await page.goto(b.apiUrl('/console/#/streams'));
      await page.keyboard.press('/');
      await page.locator('[data-filter]').fill('evil/');
      await page
        .locator('tbody th a', { hasText: name.slice(0, 40) })
        .first()
        .click();
      await page.locator('h2.name', { hasText: name.slice(0, 40) }).waitFor();
      await page.getByText('silent').first().waitFor();
      if (index > 0) continue;
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.goBack();
      await awaitCondition('the list as it was left', async () => (await rows.count()) === names.length);
      expect(await page.locator('[data-filter]').inputValue()).toBe('evil/');
    }
    await page.goto(b.apiUrl('/console/#/events'));
    await page.getByLabel('with the words').fill('evil/__proto__');
    await page.getByText('evil/__proto__').first().waitFor();
    expect(
      await page.evaluate('[window.hurt, document.querySelectorAll("main img, main script").length]'),
    ).toEqual([undefined, 0]);
    expect(faults).toEqual([]);
    const answer = await fetch(b.apiUrl('/console/'));
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|data:|\*/);
    expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|style=/);
  });

  it('says how old what it shows is, asks for the token where that is needed, and goes on after a restart', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, {
      names: ['a', 'b'],
      config: { api: { token: 'open sesame 12345'.replaceAll(' ', '-') } },
    });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    await claim(scope, a, 'live', ['s1']);
    const { page, faults } = await openPage(scope);
    // As it is where a proxy brings somebody from elsewhere.
    await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '203.0.113.9' });
    await page.goto(b.apiUrl('/console/#/clients'));
    const login = page.getByRole('dialog', { name: 'A token is needed' });
    await login.getByText('none came').waitFor();
    // Who goes on without is not asked again by what goes on by itself.
    await login.getByRole('button', { name: 'Go on without' }).click();
    await login.waitFor({ state: 'detached' });
    await page.getByText('this member wants a token').first().waitFor();
    await page.getByRole('button', { name: 'Log in' }).click();
    await login.getByLabel('Token').fill('wrong');
    await login.getByRole('button', { name: 'Use it' }).click();
    await login.getByText('is none of this member').waitFor();
    await login.getByLabel('Token').fill('open-sesame-12345');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Kick/ }).press('Enter');
    await confirm(page, 'Kick');
    await page.getByText('Nobody is there.').waitFor();
    // The row with the button is gone, and where the focus is there is something.
    await awaitCondition('the focus is in the list', () =>
      page.evaluate("document.activeElement.closest('main') !== null"),
    );
    await page.getByRole('button', { name: 'Log out' }).waitFor();

    // By the token: before, it was not heard.
    await page.getByText('live from b').waitFor();
    b.signal('SIGSTOP');
    await page.getByText(/last heard \d+ s ago/).waitFor();
    b.signal('SIGCONT');
    await page.getByText('live from b').waitFor();
    await b.kill();
    await page.getByText(/last heard \d+ s ago/).waitFor();
    b.restart();
    await page.getByText('live from b').waitFor();
    await page.getByRole('link', { name: 'Mesh', exact: true }).click();
    await node(page, 'a', 'alive').waitFor();
    await node(page, 'b', 'alive').waitFor();
    expect(faults).toEqual([]);
  });
});
