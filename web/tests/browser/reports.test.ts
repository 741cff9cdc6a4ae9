import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cursor, expectAccessible, expectQuiet, useBrowser } from './browser';

const browser = useBrowser();

const cell = (row: number, column: number) =>
  `[data-testid=cell][data-row="${row}"][data-column="${column}"]`;

describe('other reports', () => {
  it('patching: values and recovery, layers up', async () => {
    const opened = await browser.open(
      browser.pageOf(
        'patch.html',
        'patch',
        ...['--clean', 'The capital of France is'],
        ...['--corrupt', 'The capital of Italy is'],
        ...['--answer', ' Paris', '--foil', ' Rome', '--layers', '0,15,29'],
      ),
    );
    const { page } = opened;
    await expect
      .poll(() => page.locator(cell(0, 4)).textContent())
      .toBe('7.31');
    expect(await page.locator(cell(0, 0)).textContent()).toBe('-6.02');
    await page.getByTestId('layer').selectOption('recovery');
    await expect
      .poll(() => page.locator(cell(0, 4)).textContent())
      .toBe('1.00');
    await page.locator(cell(1, 3)).click();
    await expect
      .poll(() => cursor(page).textContent())
      .toContain('layer 15, position 3 ·Italy');
    expect(await page.getByTestId('pins').textContent()).toContain('layer 15');
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowUp');
    expect(await cursor(page).textContent()).toContain('layer 29');
    await expectAccessible(page);
    expectQuiet(opened);
    await page.close();
  });

  it('causal tracing: tokens down, the subject starred', async () => {
    const opened = await browser.open(
      browser.pageOf(
        'causal.html',
        ...['causal-trace', 'The Eiffel Tower is in the city of'],
        ...['--subject', 'Eiffel Tower', '--samples', '2'],
        ...['--layers', '0,10,20'],
      ),
    );
    const { page } = opened;
    const labels = page.locator('.line .row-label');
    await expect.poll(() => labels.count()).toBe(9);
    expect((await labels.allTextContents()).slice(0, 3)).toEqual([
      'The',
      '·E*',
      'iffel*',
    ]);
    expect(await cursor(page).textContent()).toMatch(
      /0\.\d+ \[0\.\d+, 0\.\d+\]/,
    );
    await expectAccessible(page);
    expectQuiet(opened);
    await page.close();
  });

  it('attention: a picker of heads, and the pattern of one', async () => {
    const opened = await browser.open(
      browser.pageOf(
        'attn.html',
        ...['attn', 'The capital of France is', '--layers', '3,20'],
      ),
    );
    const { page } = opened;
    await expect
      .poll(() => page.locator(cell(0, 0)).textContent())
      .toBe('1.00');
    expect(await page.locator(cell(0, 1)).textContent()).toBe('');
    await page.getByTestId('head').selectOption('4');
    await expect
      .poll(() => page.locator('h1').textContent())
      .toContain('Layer 20, head 4');
    await page.getByTestId('heads').click({ position: { x: 30, y: 60 } });
    await expect
      .poll(() => page.locator('h1').textContent())
      .toContain('Layer 3, head 0');
    await expectAccessible(page);
    expectQuiet(opened);
    await page.close();
  });

  it('attention of a hundred tokens is rounded, and of many refused', async () => {
    const address = browser.pageOf('hundred.html', 'attn', 'the '.repeat(100));
    expect(statSync(fileURLToPath(address)).size).toBeLessThan(2_500_000);
    const { page } = await browser.open(address);
    await expect.poll(() => cursor(page).textContent()).toContain('1.00');
    await page.locator(cell(3, 1)).hover();
    await expect
      .poll(() => cursor(page).textContent())
      .toMatch(/query 3 ·the.*key 1 ·the.*weight\s*0\.\d\d\s*$/);
    await page.close();
    expect(() =>
      browser.pageOf('many.html', 'attn', 'the '.repeat(400)),
    ).toThrow(/choose --layers or --heads/);
  });

  it('scores of heads: a matrix a kind', async () => {
    const opened = await browser.open(
      browser.pageOf(
        'scores.html',
        'attn',
        '--scores',
        '--random-tokens',
        '10',
      ),
    );
    const { page } = opened;
    await expect.poll(() => page.getByTestId('cell').count()).toBe(30 * 9);
    await page.getByTestId('layer').selectOption('previous token');
    expect(await page.locator('header').textContent()).toContain(
      '10 tokens × 2, ',
    );
    await expectAccessible(page);
    expectQuiet(opened);
    await page.close();
  });
});
