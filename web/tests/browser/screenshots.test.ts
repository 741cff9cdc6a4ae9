/**
 * The pictures of the README are what the page looks like. After a change that
 * is meant: PELLUCID_WRITE_SCREENSHOTS=1, and look at them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cellAt, useBrowser, type View } from './browser';

const browser = useBrowser();
const IMAGES = new URL('../../../docs/images/', import.meta.url);
const PROMPT = 'The capital of France is';
const ZEROED = JSON.stringify({
  schema: 'pellucid.edits/1',
  edits: [{ site: 'blocks.20.hook_mlp_out', kind: 'zero' }],
});

/** Share of pixels in which a channel differs by more than 48 of 255. */
async function difference(a: Buffer, b: Buffer): Promise<number> {
  const { page } = await browser.open('about:blank');
  const share = await page.evaluate(
    async ([one, two]) => {
      const pixels = async (base64: string) => {
        const image = new Image();
        image.src = `data:image/png;base64,${base64}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext('2d');
        context?.drawImage(image, 0, 0);
        return context?.getImageData(0, 0, image.width, image.height).data;
      };
      const left = (await pixels(one ?? '')) ?? [];
      const right = (await pixels(two ?? '')) ?? [];
      if (left.length !== right.length) return 1;
      let other = 0;
      for (let i = 0; i < left.length; i += 4) {
        const apart = [0, 1, 2].some(
          (c) => Math.abs((left[i + c] ?? 0) - (right[i + c] ?? 0)) > 48,
        );
        if (apart) other += 1;
      }
      return other / (left.length / 4);
    },
    [a.toString('base64'), b.toString('base64')],
  );
  await page.close();
  return share;
}

async function expectLike(name: string, address: string, view: View) {
  const { page } = await browser.open(address, view);
  await expect.poll(() => cellAt(page, 30, 4).count()).toBeGreaterThan(0);
  await page.waitForTimeout(500);
  const shot = await page.screenshot({ animations: 'disabled' });
  await page.close();
  const path = fileURLToPath(new URL(name, IMAGES));
  if (process.env.PELLUCID_WRITE_SCREENSHOTS) writeFileSync(path, shot);
  expect(existsSync(path)).toBe(true);
  // A newer Chromium or font moves a few edges; a part that is missing, or of
  // another colour, is more.
  expect(await difference(shot, readFileSync(path))).toBeLessThan(0.02);
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
