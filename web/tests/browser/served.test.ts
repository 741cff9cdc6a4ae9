/** The page of `pellucid serve`, on the default model, as someone uses it. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  cellAt,
  cursor,
  expectAccessible,
  type Opened,
  useBrowser,
  type View,
} from './browser';
import { writeLens } from './lens_file';
import { useServer } from './program_server';

const browser = useBrowser();
const server = useServer(() => {
  const folder = browser.path('small-lens');
  writeLens(folder, ['model.layers.10', 'model.layers.20'], 1000);
  return ['--lens', `tuned:${folder}`];
});
const PROMPT = 'The capital of France is';
const LAST = 30;
const LONG = 'the '.repeat(2000).trim(); // as many tokens

async function run(page: Page, prompt: string) {
  await page.getByTestId('prompt').fill(prompt);
  await page.keyboard.press('Enter');
  await expect
    .poll(() => page.getByTestId('status').textContent(), { timeout: 20_000 })
    .toMatch(/^\d+ positions in \d+ ms$/);
}

async function openAndRun(prompt = PROMPT, view: View = {}): Promise<Opened> {
  const opened = await browser.open(server.address, view);
  await run(opened.page, prompt);
  return opened;
}

/** No complaint, and no request but to the server. */
function expectOwn({ problems, requests }: Opened) {
  expect(problems).toEqual([]);
  expect(
    requests.filter((url) => !url.startsWith(`${server.address}api/v1/`)),
  ).toEqual([]);
}

async function addChange(page: Page) {
  await page.getByTestId('what-if-add').click();
  await expect.poll(() => page.getByRole('grid').count()).toBe(2);
  await expect
    .poll(() => page.getByTestId('status').textContent())
    .toMatch(/^\d+ positions in/);
}

describe('the page of pellucid serve', () => {
  it('runs a prompt while it is typed', async () => {
    const opened = await browser.open(server.address);
    const { page, requests } = opened;
    const lenses = () => requests.filter((url) => url.endsWith('/lens')).length;
    await page.getByTestId('prompt').fill(PROMPT);
    await expect.poll(lenses).toBe(1);
    expect(await page.getByTestId('cell').count()).toBe(0);
    await page.getByTestId('prompt').press('Enter');
    await expect.poll(() => cellAt(page, LAST, 4).textContent()).toBe('·Paris');
    expect(lenses()).toBe(1);

    await page.getByTestId('options').locator('summary').click();
    await page.getByTestId('types-ahead').uncheck();
    await page.getByTestId('prompt').fill('Berlin');
    await page.getByTestId('prompt').press('Enter');
    await expect
      .poll(() => page.locator('header .text').textContent())
      .toBe('Berlin');
    expect(lenses()).toBe(2);
    expectOwn(opened);
    await page.close();
  });

  it('takes a prompt and shows its lens', async () => {
    const opened = await openAndRun();
    const { page } = opened;
    expect(await cellAt(page, LAST, 4).textContent()).toBe('·Paris');
    expect(await page.getByTestId('cell').count()).toBe(31 * 5);
    await cellAt(page, 29, 4).hover();
    await expect
      .poll(() => cursor(page).textContent())
      .toContain('layer 28, position 4');
    await cellAt(page, 29, 4).click();
    expect(await page.getByTestId('pins').locator('li').count()).toBe(1);
    await page.getByTestId('follow').fill(' Paris');
    await page.getByTestId('metric').selectOption('rank');
    await page.getByTestId('numbers').click();
    expect(await cellAt(page, LAST, 4).textContent()).toBe('1');
    expectOwn(opened);
    await expectAccessible(page);
    await page.close();
  });

  it('shows the same numbers as the file of the same prompt', async () => {
    const { page } = await openAndRun();
    const file = await browser.open(
      browser.pageOf('same.html', 'lens', PROMPT),
    );
    const save = async (from: Page) => {
      await from.getByText('Export').click();
      const [download] = await Promise.all([
        from.waitForEvent('download'),
        from.getByRole('button', { name: 'Save CSV' }).click(),
      ]);
      return readFileSync(await download.path(), 'utf8');
    };
    expect(await save(page)).toBe(await save(file.page));
    await file.page.close();
    await page.close();
  });

  it('sets two prompts side by side, and takes their difference', async () => {
    const { page } = await openAndRun();
    await run(page, 'The capital of Italy is');
    expect(await cellAt(page, LAST, 4).textContent()).toBe('·Rome');
    await page.getByTestId('run-b').selectOption('0');
    await page.getByTestId('mode').selectOption('both');
    const grids = page.getByRole('grid');
    await expect.poll(() => grids.count()).toBe(2);
    expect(
      await grids
        .nth(1)
        .locator(`[data-row="${LAST}"][data-position="4"]`)
        .textContent(),
    ).toBe('·Paris');
    await page.getByTestId('mode').selectOption('difference');
    await expect.poll(() => grids.count()).toBe(1);
    // A difference shows what B says, also where A has no such token.
    expect(await cellAt(page, LAST, 4).textContent()).toBe('·Paris');
    await page.getByTestId('run-a').selectOption('0');
    await page.getByTestId('run-b').selectOption('1');
    expect(await cellAt(page, LAST, 4).textContent()).toBe('·Rome');
    await expectAccessible(page);
    await page.close();
  });

  it('zeroes a head, patches and steers, each beside the clean run', async () => {
    const { page } = await openAndRun();
    const whatIf = page.getByTestId('what-if');
    await whatIf.locator('summary').click();
    await page.getByTestId('what-if-layer').fill('0');
    expect(await page.getByTestId('what-if-head').getAttribute('max')).toBe(
      '8',
    );
    await page.getByTestId('what-if-head').fill('3');
    await addChange(page);
    expect(await page.locator('.pane h2').last().textContent()).toContain(
      '1 change',
    );
    await whatIf.getByRole('button', { name: 'Remove' }).click();
    await expect.poll(() => page.getByRole('grid').count()).toBe(1);

    // The last state of another prompt's last token says what that one says.
    await page.getByTestId('what-if-kind').selectOption('patch');
    await page.getByTestId('what-if-layer').fill('28');
    await page.getByTestId('what-if-position').fill('4');
    await page.getByTestId('what-if-from').fill('The capital of Italy is');
    await addChange(page);
    const changed = page
      .getByRole('grid')
      .nth(1)
      .locator(`[data-row="${LAST}"][data-position="4"]`);
    await expect.poll(() => changed.textContent()).toBe('·Rome');
    expect(await page.locator('.cell.changed').count()).toBeGreaterThan(0);
    await whatIf.getByRole('button', { name: 'Remove' }).click();
    await expect.poll(() => page.getByRole('grid').count()).toBe(1);

    await page.getByTestId('what-if-kind').selectOption('steer');
    await page.getByTestId('what-if-layer').fill('15');
    await page.getByTestId('what-if-plus').fill(' Rome');
    await addChange(page);
    await expectAccessible(page);
    await page.close();
  });

  it('refuses what cannot be in words, and goes on', async () => {
    const { page } = await openAndRun();
    await page.getByTestId('options').locator('summary').click();
    await page.getByLabel('Layers', { exact: true }).first().fill('99');
    await page.getByTestId('run').click();
    await expect
      .poll(() => page.getByTestId('error').textContent())
      .toContain('index 99 is out of range');
    await page.getByLabel('Layers', { exact: true }).first().fill('0,29');
    await run(page, PROMPT);
    expect(await page.getByTestId('error').count()).toBe(0);
    // The embedding row only where all layers are.
    await expect.poll(() => page.locator('[data-row-label]').count()).toBe(2);
    await page.close();
  });

  it('writes on, with and without changes, and takes that over', async () => {
    const { page } = await openAndRun();
    await page.getByTestId('options').locator('summary').click();
    await page.getByTestId('max-tokens').fill('2');
    await page.getByTestId('prompt').focus();
    await page.keyboard.press('Control+Enter');
    await expect
      .poll(() => page.getByTestId('written').textContent())
      .toMatch(/·Paris\s*\.\s*Into the prompt/);
    await page.getByTestId('what-if').locator('summary').click();
    await page.getByTestId('what-if-kind').selectOption('patch');
    await page.getByTestId('what-if-layer').fill('28');
    await page.getByTestId('what-if-position').fill('4');
    await page.getByTestId('what-if-from').fill('The capital of Italy is');
    await addChange(page);
    await page.getByTestId('continue').click();
    await expect
      .poll(() => page.getByTestId('written-changed').textContent())
      .toMatch(/With changes\s*·Rome/);
    await expectAccessible(page);
    await page.getByTestId('take').click();
    expect(await page.getByTestId('prompt').inputValue()).toBe(
      'The capital of France is Paris.',
    );
    await expect
      .poll(() => page.getByTestId('status').textContent())
      .toMatch(/^7 positions/);
    await page.close();
  });

  it('reads through a trained lens, beside the logit lens', async () => {
    const { page } = await openAndRun();
    await page.getByTestId('lens').selectOption('tuned:small-lens');
    await run(page, PROMPT);
    expect(await page.locator('h1').textContent()).toContain(
      'Tuned lens small-lens',
    );
    // Rows without a map are left out; the last is the model's own.
    expect(await page.locator('[data-row-label]').allTextContents()).toEqual([
      '29',
      '20',
      '10',
    ]);
    await page.getByTestId('run-b').selectOption('0');
    await page.getByTestId('mode').selectOption('both');
    await expect.poll(() => page.getByRole('grid').count()).toBe(2);
    expect(await page.locator('.pane h2').allTextContents()).toEqual([
      `A ${PROMPT} · tuned lens small-lens`,
      `B ${PROMPT}`,
    ]);
    await page.close();
  });

  it('turns to another model, which has no such lens', async () => {
    const { page } = await openAndRun();
    const models = page.getByTestId('model');
    const names = await models.locator('option').allTextContents();
    const other = names.find((name) => name !== 'smollm2-135m');
    if (other === undefined) return page.close(); // no other on this machine
    await models.selectOption(other);
    await expect.poll(() => page.getByTestId('lens').count()).toBe(0);
    await run(page, PROMPT);
    expect(await page.locator('h1').textContent()).toContain(other);
    await page.close();
  });

  it('goes back in its history', async () => {
    const { page } = await openAndRun();
    await run(page, 'One, two,');
    await page.getByTestId('history').locator('summary').click();
    const entries = page.getByTestId('history').locator('li button');
    expect(await entries.allTextContents()).toEqual(['One, two,', PROMPT]);
    await entries.last().click();
    expect(await page.getByTestId('prompt').inputValue()).toBe(PROMPT);
    await expect.poll(() => cellAt(page, LAST, 4).textContent()).toBe('·Paris');
    await page.close();
  });

  it('runs again to watch a token that no cell knows', async () => {
    const { page } = await openAndRun();
    await page.getByTestId('follow').fill(' zebra');
    await page.getByRole('button', { name: 'Run again and watch' }).click();
    await page.getByTestId('metric').selectOption('rank');
    await page.getByTestId('numbers').click();
    await expect.poll(() => cellAt(page, 3, 0).textContent()).toMatch(/^\d+$/);
    await page.close();
  });

  it('cancels a long run, and is there for the next at once', async () => {
    const opened = await openAndRun();
    const { page } = opened;
    await page.getByTestId('prompt').fill(LONG);
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.getByTestId('status').textContent())
      .toMatch(/^[1-9]\d* of \d+ positions$/);
    await page.getByTestId('cancel').click();
    await expect
      .poll(() => page.getByTestId('status').textContent())
      .toBe('cancelled');
    const begun = performance.now();
    await run(page, PROMPT);
    // The long run would take many seconds more.
    expect(performance.now() - begun).toBeLessThan(3000);
    expectOwn(opened);
    await page.close();
  });

  it('saves itself as a file that asks for nothing', async () => {
    const { page } = await openAndRun();
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

describe('a server with a token', () => {
  const guarded = useServer(() => ['--token', 'secret']);
  it('is used by the page that its address opens', async () => {
    const { page } = await browser.open(guarded.address.replace(/#.*/, ''), {
      fragment: 'token=secret&metric=kl',
    });
    // Out of sight at once, so that nobody copies it.
    await expect.poll(() => page.url()).toMatch(/\/#metric=kl$/);
    await run(page, PROMPT);
    expect(await cellAt(page, LAST, 4).textContent()).toBe('·Paris');
    await page.close();
  });
  it('is not used without', async () => {
    const { page } = await browser.open(guarded.address.replace(/#.*/, ''));
    await expect
      .poll(() => page.getByTestId('error').textContent())
      .toContain('token');
    await page.close();
  });
});

describe('a page of another site', () => {
  it('can neither read an answer nor start a run', async () => {
    const { createServer } = await import('node:http');
    const other = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><title>other</title>');
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as { port: number };
    const { page } = await browser.open(`http://localhost:${port}/`);
    const attempt = (init: RequestInit) =>
      page.evaluate(
        async ([address, how]) => {
          try {
            const answer = await fetch(`${address}api/v1/lens`, how);
            return `${answer.type} ${answer.status} ${await answer.text()}`;
          } catch {
            return 'refused';
          }
        },
        [server.address, init] as const,
      );
    const body = JSON.stringify({ text: 'a' });
    expect(
      await attempt({
        method: 'POST',
        body,
        headers: { 'Content-Type': 'application/json' },
      }),
    ).toBe('refused');
    expect(await attempt({ method: 'POST', body })).toBe('refused');
    expect(await attempt({ method: 'POST', body, mode: 'no-cors' })).toBe(
      'refused',
    );
    const framed = await page.evaluate(async (address) => {
      const frame = document.createElement('iframe');
      frame.src = address;
      document.body.append(frame);
      await new Promise((done) => (frame.onload = done));
      try {
        return frame.contentDocument?.title ?? 'closed';
      } catch {
        return 'closed';
      }
    }, server.address);
    expect(framed).toBe('closed');
    await page.close();
    other.close();
  });
});

describe('many at once', () => {
  it('are served one after another, and none is lost', async () => {
    const ask = async (i: number) => {
      const answer = await server.post('lens', {
        text: PROMPT,
        positions: '-1',
        layers: '-1',
        top_k: 1 + (i % 3),
      });
      const { rows } = (await answer.json()) as {
        rows: { cells: { top: { text: string }[] }[] }[];
      };
      return rows[0]?.cells[0]?.top;
    };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => ask(i)),
    );
    answers.forEach((top, i) => {
      expect(top).toHaveLength(1 + (i % 3));
      expect(top?.[0]?.text).toBe(' Paris');
    });
  });

  it('that hang up give the machine back', async () => {
    const long = { text: LONG, stream: true };
    const waits: number[] = [];
    for (let i = 0; i < 3; ++i) {
      const abort = new AbortController();
      const answer = await server.post('lens', long, abort.signal);
      await answer.body?.getReader().read();
      abort.abort();
      const begun = performance.now();
      const next = await server.post('lens', {
        text: 'a',
        layers: '-1',
        top_k: 1,
      });
      expect(next.status).toBe(200);
      await next.text();
      waits.push(performance.now() - begun);
    }
    console.log(
      `behind a client that hangs up: ${waits.map((w) => w.toFixed(0)).join(', ')} ms`,
    );
    // The promise is 100 ms, the run would be many seconds.
    expect(Math.min(...waits)).toBeLessThan(1500);
  });
});
