import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  cellAt,
  cursor,
  expectAccessible,
  expectQuiet,
  useBrowser,
} from './browser';
import { writeLens } from './lens_file';

const browser = useBrowser();
const PROMPT = 'The capital of France is';
const LAST = 30; // the last of 31 rows of the default model
const ZEROED = JSON.stringify({
  schema: 'pellucid.edits/1',
  edits: [{ site: 'blocks.20.hook_mlp_out', kind: 'zero' }],
});

const pages = new Map<string, string>();
/** The page of the prompt, written once. */
function france(): string {
  let address = pages.get('france');
  if (!address) {
    address = browser.pageOf('france.html', 'lens', PROMPT);
    pages.set('france', address);
  }
  return address;
}
function both(): string {
  let address = pages.get('both');
  if (!address) {
    const edits = browser.write('edits.json', ZEROED);
    address = browser.pageOf('both.html', 'lens', PROMPT, '--edits', edits);
    pages.set('both', address);
  }
  return address;
}

/** Forty tokens. */
function long(): string {
  let address = pages.get('long');
  if (!address) {
    const text = 'one two three four five '.repeat(8).trim();
    address = browser.pageOf('long.html', 'lens', text);
    pages.set('long', address);
  }
  return address;
}

describe('the page of a lens', () => {
  it('shows what the model says, asks for nothing and is quiet', async () => {
    const opened = await browser.open(france());
    const { page } = opened;
    await expect.poll(() => cellAt(page, LAST, 4).textContent()).toBe('·Paris');
    expect(await page.getByTestId('cell').count()).toBe(31 * 5);
    expect(await cursor(page).textContent()).toContain('7042');
    expect(await page.locator('.column-above.hit').allTextContents()).toEqual([
      '·of',
      '·is',
    ]);
    expectQuiet(opened);
    await page.close();
  });

  it('moves its cursor with the pointer and by keys', async () => {
    const { page } = await browser.open(france());
    await cellAt(page, 29, 4).hover();
    await expect
      .poll(() => cursor(page).textContent())
      .toContain('layer 28, position 4');
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowLeft');
    expect(await cursor(page).textContent()).toContain('layer 27, position 3');
    await page.keyboard.press('Control+End');
    expect(await cursor(page).textContent()).toContain('embedding, position 4');
    const active = await page
      .getByRole('grid')
      .getAttribute('aria-activedescendant');
    expect(
      await page.locator(`#${active}`).getAttribute('aria-label'),
    ).toContain('·is, probability 100%; embed, position 4');
    await page.close();
  });

  it('pins cells by click and key, and keeps them in the address', async () => {
    const { page } = await browser.open(france());
    await cellAt(page, 29, 4).click();
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    expect(await page.getByTestId('pins').locator('li').count()).toBe(2);
    expect(await page.getByTestId('pins').textContent()).toContain(
      '·Paris 77%',
    );
    await expect
      .poll(() => page.url())
      .toContain('pin=model.layers.28%404&pin=model.layers.29%404');
    const again = await browser.open(page.url());
    await expect
      .poll(() => again.page.getByTestId('pins').locator('li').count())
      .toBe(2);
    await again.page.close();
    await page.close();
  });

  it('shades by another number without a new run', async () => {
    const { page } = await browser.open(france());
    const cell = cellAt(page, 20, 1);
    const color = () => cell.evaluate((el) => el.style.backgroundColor);
    const before = await color();
    await page.getByTestId('metric').selectOption('rank');
    await expect.poll(color).not.toBe(before);
    await page.keyboard.press('Escape');
    await page.getByTestId('numbers').click();
    expect(await cell.textContent()).toMatch(/^\d+$/);
    await page.getByTestId('metric').selectOption('agree');
    expect(await cellAt(page, LAST, 1).textContent()).toBe('yes');
    await page.close();
  });

  it('follows a token through all layers', async () => {
    const { page } = await browser.open(france());
    await page.getByTestId('follow').fill(' Paris');
    await page.getByTestId('metric').selectOption('rank');
    await page.getByTestId('numbers').click();
    // Known in every row of the position whose prediction it is.
    expect(await cellAt(page, LAST, 4).textContent()).toBe('1');
    expect(Number(await cellAt(page, 1, 4).textContent())).toBeGreaterThan(
      1000,
    );
    expect(await cellAt(page, 1, 0).textContent()).toBe('–');
    await cellAt(page, 1, 4).hover();
    await expect
      .poll(() => cursor(page).textContent())
      .toMatch(/followed\s*·Paris/);
    await page.getByTestId('follow').fill('xyzzy');
    await expect
      .poll(() => page.getByTestId('found').textContent())
      .toContain('No cell knows "xyzzy"');
    await page.close();
  });

  it('finds tokens, and goes through them', async () => {
    const { page } = await browser.open(france());
    await page.keyboard.press('/');
    await page.keyboard.type('paris');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.getByTestId('found').textContent())
      .toMatch(/^\d+ cells, at 1/);
    expect(await page.locator('.cell.found').count()).toBeGreaterThan(2);
    await page.close();
  });

  it('leaves out layers, but not the ends and those that are pinned', async () => {
    const { page } = await browser.open(france(), { fragment: 'stride=5' });
    const labels = page.locator('[data-row-label]');
    await expect
      .poll(() => labels.allTextContents())
      .toEqual(['29', '24', '19', '14', '9', '4', 'embed']);
    await labels.nth(1).dblclick();
    await page.getByTestId('stride').selectOption('8');
    expect(await labels.allTextContents()).toEqual([
      '29',
      '24',
      '21',
      '13',
      '5',
      'embed',
    ]);
    await page.close();
  });

  it('copies and saves PNG, SVG, CSV and JSON', async () => {
    const { page } = await browser.open(france());
    await page.getByText('Export').click();
    const saved = async (kind: string) => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: `Save ${kind}` }).click(),
      ]);
      return readFileSync(await download.path());
    };
    expect((await saved('PNG')).subarray(1, 4).toString()).toBe('PNG');
    expect((await saved('SVG')).toString()).toContain('>·Paris</text>');
    const json = JSON.parse((await saved('JSON')).toString()) as {
      rows: { cells: { top: { text: string }[] }[] }[];
    };
    expect(json.rows.at(-1)?.cells.at(-1)?.top[0]?.text).toBe(' Paris');
    expect((await saved('CSV')).toString().split('\n')[0]).toContain('logprob');
    await page.getByRole('button', { name: 'Copy CSV' }).click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toContain('model.layers.29,29,4');
    await page.close();
  });

  it('keeps rows and columns at the edges, whatever scrolls', async () => {
    const { page } = await browser.open(long(), { width: 700, height: 420 });
    const grid = page.getByRole('grid');
    await grid.focus();
    await page.keyboard.press('Control+Home');
    for (const key of ['ArrowRight', 'c', 'PageDown', 'PageDown', 'r']) {
      await page.keyboard.press(key);
    }
    await expect
      .poll(() => page.url())
      .toMatch(/row=model\.layers\.13&column=1$/);
    const place = async (row: number, position: number) => {
      const cell = await cellAt(page, row, position).boundingBox();
      const room = await grid.boundingBox();
      return cell && room ? [cell.x - room.x, cell.y - room.y] : null;
    };
    const before = await place(14, 1);
    await grid.evaluate((el) => el.scrollTo(1e4, 0));
    await expect.poll(() => cellAt(page, 14, 39).count()).toBe(1);
    expect((await place(14, 1))?.[0]).toBe(before?.[0]);
    await grid.evaluate((el) => el.scrollTo(1e4, 1e4));
    // At the upper edge now, below the last row; both are in sight.
    const pinned = await place(14, 1);
    const last = await place(LAST, 1);
    expect(last?.[1]).toBe(24);
    expect(pinned?.[1]).toBe(24 + 20);
    await grid.locator('.row-label', { hasText: /^13$/ }).dblclick();
    await expect.poll(() => page.url()).not.toContain('row=');
    await page.close();
  });

  it('marks where predictions settle', async () => {
    const { page } = await browser.open(france());
    const bars = page.locator('.cell.bar');
    await expect.poll(() => bars.count()).toBeGreaterThan(1);
    for (const bar of await bars.all()) {
      const row = Number(await bar.getAttribute('data-row'));
      const position = Number(await bar.getAttribute('data-position'));
      const top = await cellAt(page, LAST, position).textContent();
      for (let above = row; above < LAST; ++above) {
        expect(await cellAt(page, above, position).textContent()).toBe(top);
      }
      expect(await cellAt(page, row - 1, position).textContent()).not.toBe(top);
      await bar.hover();
      await expect
        .poll(() => cursor(page).textContent())
        .toContain(`settled from layer ${row - 1}`);
    }
    await page.close();
  });

  it('draws the tokens of a position over the layers', async () => {
    const { page } = await browser.open(france());
    await cellAt(page, LAST, 4).hover();
    const chart = page.getByRole('img', { name: /over the layers$/ });
    await expect
      .poll(() => chart.getAttribute('aria-label'))
      .toMatch(/^probability of ·is, .*·Paris, .* over the layers$/);
    expect(await chart.locator('g path').count()).toBe(8 * LAST);
    await page.getByTestId('metric').selectOption('rank');
    await expect
      .poll(() => chart.getAttribute('aria-label'))
      .toMatch(/^rank of /);
    await page.close();
  });

  it('copies a picture', async () => {
    const { page } = await browser.open(france());
    await page.getByText('Export').click();
    await page.getByRole('button', { name: 'Copy PNG' }).click();
    await expect.poll(() => page.getByText('PNG copied').count()).toBe(1);
    const size = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      const image = await createImageBitmap(
        (await item?.getType('image/png')) ?? new Blob(),
      );
      return [image.width, image.height];
    });
    expect(size[0]).toBeGreaterThan(300);
    expect(size[1]).toBeGreaterThan(31 * 20);
    await page.close();
  });

  it('is small, and so are its data', async () => {
    const words = Array.from({ length: 500 }, (_, i) => ` ${i % 10}`).join('');
    const address = await browser.slowPageOf('500.html', 'lens', words);
    const { page } = await browser.open(address);
    await expect
      .poll(() => page.getByTestId('cell').count())
      .toBeGreaterThan(9);
    const ids = await page.evaluate(() =>
      document.querySelector('.grid')?.getAttribute('aria-colcount'),
    );
    expect(Number(ids)).toBeGreaterThan(500);
    const template = statSync(
      new URL('../../dist/page.html', import.meta.url),
    ).size;
    expect(template).toBeLessThan(250_000);
    expect(statSync(fileURLToPath(address)).size - template).toBeLessThan(
      4_000_000,
    );
    await page.close();
  }, 240_000);

  it('has no violation that axe can find', async () => {
    const light = await browser.open(france());
    await expectAccessible(light.page);
    await light.page.close();
    const dark = await browser.open(france(), { dark: true });
    await expectAccessible(dark.page, ['color-contrast']);
    await dark.page.close();
  });
});

describe('two runs', () => {
  it('stand side by side with one cursor and one place', async () => {
    const { page } = await browser.open(both());
    const grids = page.getByRole('grid');
    await expect.poll(() => grids.count()).toBe(2);
    await grids.nth(0).locator('[data-row="29"][data-position="4"]').hover();
    await expect.poll(() => page.getByTestId('cursor').count()).toBe(2);
    await expect
      .poll(() => page.getByTestId('cursor').nth(1).textContent())
      .toContain('B: layer 28, position 4');
    await page.setViewportSize({ width: 900, height: 420 });
    await grids.nth(0).evaluate((el) => el.scrollTo(0, 150));
    await expect
      .poll(() => grids.nth(1).evaluate((el) => el.scrollTop))
      .toBe(150);
    await expectAccessible(page);
    await page.close();
  });

  it('have a difference, none of a run and itself', async () => {
    const { page } = await browser.open(both());
    await page.getByTestId('mode').selectOption('difference');
    await page.getByTestId('numbers').click();
    expect(await cellAt(page, 20, 4).textContent()).toBe('0%');
    expect(await cellAt(page, 22, 4).textContent()).toMatch(/^[+−]\d+%$/);
    await page.getByTestId('run-b').selectOption('0');
    expect(await cellAt(page, 22, 4).textContent()).toBe('0%');
    await page.close();
  });

  it('can be two prompts', async () => {
    const prompts = browser.write(
      'two.jsonl',
      `${JSON.stringify(PROMPT)}\n"The capital of Italy is"\n`,
    );
    const address = browser.pageOf('two.html', 'lens', '--jsonl', prompts);
    const { page } = await browser.open(address, { fragment: 'view=both' });
    await expect.poll(() => page.getByRole('grid').count()).toBe(2);
    expect(
      await page
        .getByRole('grid')
        .nth(1)
        .locator(`[data-row="${LAST}"][data-position="4"]`)
        .textContent(),
    ).toBe('·Rome');
    await page.close();
  });
});

describe('a trained lens', () => {
  it('is named, and has the rows that it has maps for', async () => {
    const folder = browser.path('small-lens');
    writeLens(folder, ['model.layers.10'], 0);
    const address = browser.pageOf(
      'tuned.html',
      ...['lens', PROMPT, '--lens', `tuned:${folder}`],
    );
    const opened = await browser.open(address);
    const { page } = opened;
    await expect
      .poll(() => page.locator('h1').textContent())
      .toContain('Tuned lens small-lens: ');
    expect(await page.locator('[data-row-label]').allTextContents()).toEqual([
      '29',
      '10',
    ]);
    expect(await cellAt(page, 1, 4).textContent()).toBe('·Paris');
    expectQuiet(opened);
    await page.close();
  });
});

describe('any token', () => {
  it('is text, whatever it would be as markup', async () => {
    const hostile = '</script><img src=x onerror=document.title="!">日本 ع';
    const opened = await browser.open(
      browser.pageOf('hostile.html', 'lens', hostile),
    );
    const { page } = opened;
    await expect
      .poll(() => page.getByTestId('cell').count())
      .toBeGreaterThan(0);
    expect(await page.title()).toBe('pellucid');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('header').textContent()).toContain(hostile);
    expectQuiet(opened);
    await page.close();
  });

  it('is shown, of every script, and so are blanks', async () => {
    const text = 'Ж हि 日本\n\tعربي 👩\u200d🔬  é';
    const { page } = await browser.open(
      browser.pageOf('scripts.html', 'lens', text),
      { width: 4000 },
    );
    const heads = page.locator('.column-below');
    await expect.poll(() => heads.count()).toBeGreaterThan(20);
    const shown = (await heads.locator('span').allTextContents()).join('');
    // Characters of several tokens are the bytes of each.
    const bytes = (part: string) =>
      [...new TextEncoder().encode(part)]
        .map((byte) => `<0x${byte.toString(16).toUpperCase()}>`)
        .join('');
    const either = (part: string) =>
      shown.includes(part) || shown.includes(bytes(part));
    for (const part of ['Ж', '日', '本', '↵', '⇥', '·', 'é', 'ع']) {
      expect(either(part), `${part} in ${shown}`).toBe(true);
    }
    await page.close();
  });

  it('could do nothing even as markup', async () => {
    const { page } = await browser.open(france());
    const done = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(script);
      const image = document.createElement('div');
      image.innerHTML = '<img src="data:," onerror="window.ran = true">';
      document.body.append(image);
      await new Promise((later) => setTimeout(later, 200));
      const asked = await fetch('https://example.invalid/').then(
        () => 'asked',
        () => 'refused',
      );
      return { ran: 'ran' in window, asked };
    });
    expect(done).toEqual({ ran: false, asked: 'refused' });
    await page.close();
  });
});
