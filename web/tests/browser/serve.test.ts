import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellAt, cursor, expectAccessible, useBrowser } from './browser';
import { type Mock, serveMock, takeApart } from './mock_server';

const browser = useBrowser();
const PROMPT = 'The capital of France is';
const LAST = 30;
let mock: Mock;

beforeAll(async () => {
  const edits = browser.write(
    'edits.json',
    JSON.stringify({
      schema: 'pellucid.edits/1',
      edits: [{ site: 'blocks.28.hook_mlp_out', kind: 'zero' }],
    }),
  );
  const address = browser.pageOf('both.html', 'lens', PROMPT, '--edits', edits);
  const { template, runs } = takeApart(
    readFileSync(fileURLToPath(address), 'utf8'),
  );
  const [clean, edited] = runs;
  if (!clean || !edited) throw new Error('two runs were asked for');
  mock = await serveMock(template, clean, edited);
});
afterAll(() => {
  mock.server.close();
});

async function openAndRun(prompt = PROMPT) {
  const opened = await browser.open(mock.address);
  await opened.page.getByTestId('prompt').fill(prompt);
  await opened.page.keyboard.press('Enter');
  return opened;
}

describe('the served page', () => {
  it('asks, draws what streams in, and says how long it took', async () => {
    const opened = await openAndRun();
    const { page } = opened;
    await expect.poll(() => cellAt(page, LAST, 4).textContent()).toBe('·Paris');
    await expect
      .poll(() => page.getByTestId('status').textContent())
      .toMatch(/^5 positions in \d+ ms$/);
    expect(mock.requests.at(-1)).toMatchObject({
      text: PROMPT,
      model: 'smollm2-135m',
      top_k: 10,
      what_if: [],
      stream: true,
    });
    expect(await cursor(page).textContent()).toContain('layer 29, position 4');
    expect(opened.problems).toEqual([]);
    expect(opened.requests.every((url) => url.startsWith(mock.address))).toBe(
      true,
    );
    await expectAccessible(page);
    await page.close();
  });

  it('shows a change beside the run without it', async () => {
    const { page } = await openAndRun();
    await expect.poll(() => cellAt(page, LAST, 4).count()).toBe(1);
    await page.getByTestId('what-if').locator('summary').click();
    await page.getByTestId('what-if-layer').fill('28');
    await page.getByTestId('what-if-head').fill('3');
    await page.getByTestId('what-if-add').click();
    await expect.poll(() => page.getByRole('grid').count()).toBe(2);
    expect(mock.requests.at(-1)?.what_if).toEqual([
      { do: 'zero_head', layer: 28, head: 3 },
    ]);
    await expect
      .poll(() => page.locator('.cell.changed').count())
      .toBeGreaterThan(0);
    await page.getByTestId('mode').selectOption('difference');
    await expect.poll(() => page.getByRole('grid').count()).toBe(1);
    await page.close();
  });

  it('cancels, and the server sees that nobody waits', async () => {
    const before = mock.hungUp;
    const { page } = await openAndRun('slow');
    await page.getByTestId('cancel').click();
    await expect
      .poll(() => page.getByTestId('status').textContent())
      .toBe('cancelled');
    await expect.poll(() => mock.hungUp).toBe(before + 1);
    await page.close();
  });

  it('says what the server says went wrong', async () => {
    const { page } = await openAndRun('too much');
    await expect
      .poll(() => page.getByTestId('error').textContent())
      .toBe('lens: prompt: 9000 tokens, more than 2048');
    await page.close();
  });

  it('keeps a history, and runs again to watch a token', async () => {
    const { page } = await openAndRun();
    await expect.poll(() => cellAt(page, LAST, 4).count()).toBe(1);
    await page.getByTestId('follow').fill('xyzzy');
    await page.getByRole('button', { name: 'Run again and watch' }).click();
    await expect.poll(() => mock.requests.at(-1)?.targets).toEqual(['xyzzy']);
    await page.getByTestId('history').locator('summary').click();
    await expect
      .poll(() => page.getByTestId('history').locator('li').count())
      .toBe(2);
    await page.getByTestId('history').locator('li button').last().click();
    expect(await page.getByTestId('prompt').inputValue()).toBe(PROMPT);
    await page.close();
  });

  it('sends the token of its address, and takes it out', async () => {
    const { page } = await browser.open(mock.address, {
      fragment: 'token=secret&metric=kl',
    });
    await expect.poll(() => mock.authorizations.at(-1)).toBe('Bearer secret');
    await expect.poll(() => page.url()).toBe(`${mock.address}#metric=kl`);
    await page.close();
  });

  it('saves itself as a file that needs no server', async () => {
    const { page } = await openAndRun();
    await expect
      .poll(() => page.getByTestId('save-page').isEnabled())
      .toBe(true);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByTestId('save-page').click(),
    ]);
    const path = browser.path('saved.html');
    await download.saveAs(path);
    const opened = await browser.open(pathToFileURL(path).href);
    await expect
      .poll(() => cellAt(opened.page, LAST, 4).textContent())
      .toBe('·Paris');
    expect(opened.problems).toEqual([]);
    expect(opened.requests).toEqual([]);
    await opened.page.close();
    await page.close();
  });
});
