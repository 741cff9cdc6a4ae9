import { describe, expect, it } from 'vitest';
import { packRun } from '../../src/data/pack';
import { Run } from '../../src/data/run';
import { packed } from '../unit/toy_run';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { takeApart, useBrowser } from './browser';

const browser = useBrowser();
const COLUMNS = 200;
const ROWS = 80;
const TOP_K = 10;

/** A run of 200 positions and 80 rows of made-up numbers, as page data. */
function largeRun() {
  const run = new Run({
    label: null,
    model: {
      ref: 'large',
      architecture: 'llama',
      format: 'gguf',
      n_layers: ROWS - 1,
      d_model: 64,
      vocab_size: 1000,
      hash: '',
    },
    run: { isa: 'reference', threads: 1, precision: 'exact' },
    lens: { kind: 'logit' },
    input: {
      text: 'large',
      ids: packed(
        'u16',
        Array.from({ length: COLUMNS }, (_, i) => i),
      ),
    },
    top_k: TOP_K,
    rows: Array.from({ length: ROWS }, (_, i) => ({
      site: i === 0 ? 'embed' : `model.layers.${i - 1}`,
      layer: i - 1,
    })),
    positions: packed(
      'u16',
      Array.from({ length: COLUMNS }, (_, i) => i),
    ),
    targets: packed('u16', []),
    blocks: [],
    summary: [],
    checks: {},
    timing: {},
  });
  const ids = Array.from({ length: 1000 }, (_, i) => i);
  run.tokens.add({
    ids: packed('u16', ids),
    texts: ids.map((i) => ` word${i}`),
  });
  for (let cell = 0; cell < ROWS * COLUMNS; ++cell) {
    for (let k = 0; k < TOP_K; ++k) {
      run.topId[cell * TOP_K + k] = (cell * 7 + k) % 1000;
      run.topLogit[cell * TOP_K + k] = 4 - k - (cell % 13) / 4;
    }
  }
  run.logz.fill(5);
  run.entropy.fill(2);
  run.kl.fill(1);
  run.ready.fill(1);
  return packRun(run);
}

// What a step may cost is 8 ms; the number is printed. A shared machine can be
// several times slower, so only far more than that fails: work that grows with
// the whole grid instead of what is in sight.
const LIMIT_MS = 40;

describe('a grid of 200 positions and 80 rows', () => {
  it('scrolls without touching what is out of sight', async () => {
    const small = browser.pageOf('small.html', 'lens', 'a');
    const page = takeApart(readFileSync(fileURLToPath(small), 'utf8')).with({
      schema: 'pellucid.page/1',
      version: '0',
      kind: 'lens',
      runs: [largeRun()],
    });
    const path = browser.write('large.html', page);
    const opened = await browser.open(pathToFileURL(path).href);
    await expect
      .poll(() => opened.page.getByTestId('cell').count())
      .toBeGreaterThan(100);
    // Only what is in sight is there.
    expect(await opened.page.getByTestId('cell').count()).toBeLessThan(1200);
    const session = await opened.page.context().newCDPSession(opened.page);
    // The processor's time, whatever else the machine does meanwhile.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const spent = async () => {
      const { metrics } = await session.send('Performance.getMetrics');
      const of = (name: string) =>
        metrics.find((metric) => metric.name === name)?.value ?? 0;
      return (
        1000 *
        (of('ScriptDuration') +
          of('LayoutDuration') +
          of('RecalcStyleDuration'))
      );
    };
    const scroll = (steps: number) =>
      opened.page.getByRole('grid').evaluate(async (grid, count) => {
        for (let i = 0; i < count; ++i) {
          grid.scrollBy(100, i % 4 === 0 ? 40 : 0);
          await new Promise((done) => requestAnimationFrame(done));
          await new Promise((done) => requestAnimationFrame(done));
        }
      }, steps);
    await opened.page.getByRole('grid').evaluate((grid) => grid.scrollTo(0, 0));
    await scroll(10); // the compiler's own time
    const STEPS = 60;
    const before = await spent();
    await scroll(STEPS);
    const each = ((await spent()) - before) / STEPS;
    console.log(`${each.toFixed(2)} ms a step`);
    expect(each).toBeLessThan(LIMIT_MS);
    await opened.page.close();
  });
});
