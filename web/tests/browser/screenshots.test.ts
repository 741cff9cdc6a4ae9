/**
 * The pictures of the README are what the page looks like. After a change that
 * is meant: PELLUCID_WRITE_SCREENSHOTS=1, and look at them.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cellAt, useBrowser, type View } from './browser';
import { pictureDifference } from './pictures';

const browser = useBrowser();
const IMAGES = new URL('../../../docs/images/', import.meta.url);
const PROMPT = 'The capital of France is';
const ZEROED = JSON.stringify({
  schema: 'pellucid.edits/1',
  edits: [{ site: 'blocks.20.hook_mlp_out', kind: 'zero' }],
});

async function expectLike(name: string, address: string, view: View) {
  const { page } = await browser.open(address, view);
  await expect.poll(() => cellAt(page, 30, 4).count()).toBeGreaterThan(0);
  await page.waitForTimeout(500);
  const shot = await page.screenshot({ animations: 'disabled' });
  const path = fileURLToPath(new URL(name, IMAGES));
  if (process.env.PELLUCID_WRITE_SCREENSHOTS) writeFileSync(path, shot);
  expect(existsSync(path)).toBe(true);
  // A newer Chromium or font moves a few edges; a part that is missing, or of
  // another colour, is more.
  expect(await pictureDifference(page, shot, readFileSync(path))).toBeLessThan(
    0.02,
  );
  await page.close();
  expect(shot.length).toBeLessThan(300_000);
}

describe('the pictures of the README', () => {
  it('show a run', async () => {
    const address = browser.pageOf('one.html', 'lens', PROMPT);
    await expectLike('page_light.png', address, {
      fragment: 'cursor=model.layers.28%404&pin=model.layers.24%404',
    });
  });
  it('show two runs in the dark', async () => {
    const edits = browser.write('edits.json', ZEROED);
    const address = browser.pageOf(
      'two.html',
      ...['lens', PROMPT, '--edits', edits],
    );
    await expectLike('page_dark.png', address, {
      dark: true,
      width: 1400,
      fragment: 'scale=cividis&pin=model.layers.29%404',
    });
  });
});

const FIREFOX = process.env.PELLUCID_FIREFOX ?? '/usr/bin/firefox-esr';

describe.skipIf(!existsSync(FIREFOX))('Firefox', () => {
  it('shows the same page', async () => {
    const address = browser.pageOf('firefox.html', 'lens', PROMPT);
    const fragment = 'cursor=model.layers.28%404&pin=model.layers.24%404';
    const path = browser.path('firefox.png');
    const profile = browser.path('firefox-profile');
    mkdirSync(profile);
    // It must find a home to write to, and a picture of the whole window.
    execFileSync(
      FIREFOX,
      [
        ...['--headless', '--no-remote', '--profile', profile],
        ...['--window-size', '1200,800', '--screenshot', path],
        `${address}#${fragment}`,
      ],
      { stdio: 'ignore', env: { ...process.env, HOME: profile } },
    );
    const { page } = await browser.open(address, { fragment });
    await expect.poll(() => cellAt(page, 30, 4).count()).toBe(1);
    await page.waitForTimeout(500);
    const shot = await page.screenshot({ animations: 'disabled' });
    // Letters are drawn otherwise; what stands where, and its colours, are not.
    expect(
      await pictureDifference(page, shot, readFileSync(path), 8),
    ).toBeLessThan(0.03);
    await page.close();
  });
});
