import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { accessibilityFaults, openPage, screenshot } from '../support/browser.js';
import { Cluster } from '../support/cluster.js';
import { publishTee } from '../support/ffmpeg.js';
import { testScope } from '../support/scope.js';

describe('the player of the console', needs('chromium', 'ffmpeg'), () => {
  it('plays from a member that is no owner, says who serves it, and goes on when the owner is killed', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['origin-a', 'origin-b', 'origin-c'] });
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    publishTee(scope, [a.rtmpUrl('live/s1'), b.rtmpUrl('live/s1')]);
    await awaitCondition('both own it', async () => (await c.ownerNames('live/s1')).length === 2);
    const [first = ''] = await c.ownerNames('live/s1');
    const [owner, other] = first === 'origin-a' ? [a, b] : [b, a];

    // The page is of the member that goes on.
    const { page, faults } = await openPage(scope);
    await page.goto(other.apiUrl(`/console/#/stream/${encodeURIComponent('__defaultVhost__/live/s1')}`));
    await page.getByLabel('from').selectOption({ label: 'origin-c' });
    await page.getByRole('button', { name: 'Play' }).click();
    const seen = () =>
      page.evaluate<{ frames: number; atS: number }>(
        `(() => { const v = document.querySelector('video'); return { frames: v.getVideoPlaybackQuality().totalVideoFrames, atS: v.currentTime }; })()`,
      );
    await awaitCondition('50 frames are decoded', async () => (await seen()).frames >= 50);
    await page.getByText(`Served by origin-c, which relays it from ${owner.name}.`).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await screenshot(page, 'console-stream');

    const before = await seen();
    await owner.kill();
    await page.getByText(`Served by origin-c, which relays it from ${other.name}.`).waitFor();
    await awaitCondition('it plays on', async () => {
      const { frames, atS } = await seen();
      return frames >= before.frames + 75 && atS >= before.atS + 3;
    });
    await page
      .getByText(new RegExp(`players switched from ${owner.name} to ${other.name}, exactly`))
      .waitFor();
    // From the owner itself.
    await page.getByLabel('from').selectOption({ label: other.name });
    await page.getByText(`Served by ${other.name}, which is its owner.`).waitFor();
    await awaitCondition('that plays too', async () => (await seen()).atS > 0.5);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Play' }).waitFor();
    expect(faults).toEqual([]);
  });
});
