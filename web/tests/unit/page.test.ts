import { describe, expect, it } from 'vitest';
import { readEvents, readLines, readObjects } from '../../src/api/lines';
import { displayText } from '../../src/data/display_text';
import type { RunData } from '../../src/data/page_data';
import { Run } from '../../src/data/run';
import { lensName, runName } from '../../src/data/run_name';
import { lensCsv, lensJson } from '../../src/export/lens_files';
import { gridPicture, svgOf } from '../../src/export/picture';
import { heatCsv, heatShade, numberText } from '../../src/heat/heat';
import { patchHeat, Patterns } from '../../src/heat/reports';
import { lensSource } from '../../src/lens/lens_source';
import { shadeOf } from '../../src/lens/metric';
import {
  DEFAULTS,
  readFragment,
  writeFragment,
  type Choices,
} from '../../src/state/fragment';
import { takeToken } from '../../src/state/token';
import { paintOf, textOn } from '../../src/view/color';
import { packed, toyData, toyRun } from './toy_run';

const MODEL = toyRun().model;

describe('displayText', () => {
  it('shows blanks, controls and what would reorder', () => {
    expect(displayText(' a\n')).toBe('·a↵');
    expect(displayText('\t\r')).toBe('⇥␍');
    expect(displayText('\u0007')).toBe('<0x07>');
    expect(displayText('\u202e')).toBe('<U+202E>');
    expect(displayText('\u00a0')).toBe('<U+00A0>');
    expect(displayText('\u0301')).toBe('◌\u0301');
    expect(displayText('日本 ع')).toBe('日本·ع');
    expect(displayText('👩\u200d🔬')).toBe('👩\u200d🔬');
  });
});

describe('the fragment', () => {
  it('is empty for what is as at first', () => {
    expect(writeFragment(DEFAULTS)).toBe('');
    expect(readFragment('')).toEqual(DEFAULTS);
  });
  it('brings back what was chosen', () => {
    const choices: Choices = {
      ...DEFAULTS,
      a: 1,
      b: 3,
      mode: 'difference',
      metric: 'rank',
      scale: 'cividis',
      theme: 'dark',
      stride: 3,
      numbers: true,
      follow: ' Paris&',
      query: '#',
      cursor: { site: 'model.layers.3', position: 4 },
      pins: [{ site: 'embed', position: 0 }],
      pinnedRows: ['model.layers.7'],
      pinnedColumns: [2, 5],
    };
    expect(readFragment(`#${writeFragment(choices)}`)).toEqual(choices);
  });
  it('passes over what it does not know', () => {
    expect(
      readFragment('#metric=beauty&stride=0&a=-1&cursor=x&nothing=1'),
    ).toEqual(DEFAULTS);
  });
  it('gives up the token that it may hold', () => {
    expect(takeToken('#token=abc&metric=kl')).toEqual({
      token: 'abc',
      rest: 'metric=kl',
    });
    expect(takeToken('')).toEqual({ token: null, rest: '' });
  });
});

describe('colours', () => {
  it('are those of the published tables at their ends', () => {
    expect(paintOf('viridis', 0)?.background).toBe('rgb(68, 1, 84)');
    expect(paintOf('viridis', 1)?.background).toBe('rgb(253, 231, 37)');
    expect(paintOf('cividis', 0)?.background).toBe('rgb(0, 34, 78)');
    expect(paintOf('diverging', 0.5)?.background).toBe('rgb(247, 247, 247)');
    expect(paintOf('viridis', NaN)).toBeNull();
  });
  it('have text that can be read on them', () => {
    expect(textOn('rgb(68, 1, 84)')).toBe('#fff');
    expect(textOn('rgb(253, 231, 37)')).toBe('#000');
  });
});

describe('files', () => {
  it('have the columns of the program’s CSV', () => {
    const lines = lensCsv(toyRun()).split('\n');
    expect(lines[0]).toBe(
      'site,layer,position,token_id,token,k,id,text,logit,logprob,prob,' +
        'entropy,kl_to_final,logz',
    );
    // Four of the 18 have a token that is a line feed itself.
    expect(lines).toHaveLength(1 + 18 + 4 + 1);
    expect(lines[1]).toBe(
      'embed,-1,0,0,The,1,0,The,4.5,-0.5,0.60653066,0.75,2,5',
    );
    expect(lines[2]).toContain(',2,4,",",3,');
  });
  it('have the keys of the program’s JSON', () => {
    const report = JSON.parse(lensJson(toyRun())) as {
      schema: string;
      rows: { cells: Record<string, unknown>[] }[];
    };
    expect(report.schema).toBe('pellucid.lens/1');
    const cells = report.rows[0]?.cells ?? [];
    expect(Object.keys(cells[0] ?? {})).toEqual([
      'position',
      'top',
      'logz',
      'entropy',
      'kl_to_final',
      'next',
      'targets',
    ]);
    expect(cells[2]).not.toHaveProperty('next');
  });
  it('hold pictures whose tokens are text', () => {
    const run = toyRun();
    run.tokens.add({ ids: packed('u16', [0]), texts: ['<b>&"'] });
    const source = lensSource(run, {
      name: 'toy',
      metric: 'prob',
      scale: 'viridis',
      shade: shadeOf([run], 'prob'),
      stride: 1,
      numbers: false,
      follow: null,
      columnWidth: 70,
      pins: [],
      pinnedRows: [],
      pinnedColumns: [],
      found: new Set(),
    });
    const svg = svgOf(
      gridPicture(source, 'Lens', 'x', {
        title: 'p',
        scale: 'viridis',
        ticks: [],
      }),
    );
    expect(svg).toContain('&lt;b>&amp;&quot;');
    expect(svg).not.toContain('<b>');
    expect(svg.match(/·blue/g)).toHaveLength(2);
  });
});

describe('an answer in lines', () => {
  it('puts lines and characters together that come in pieces', async () => {
    const bytes = new TextEncoder().encode('{"a":"日"}\n\n{"b":2}\n{"c":3}');
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const found: unknown[] = [];
    for await (const line of readObjects(stream)) found.push(line);
    expect(found).toEqual([{ a: '日' }, { b: 2 }, { c: 3 }]);
  });
  it('has events of one line of data', async () => {
    const text =
      'event: token\ndata: {"id":1,"text":" a\\n"}\n\n' +
      'event: done\ndata: {"finish":"length"}\n\n';
    const stream = new Blob([text]).stream();
    const found = [];
    for await (const event of readEvents(stream)) found.push(event);
    expect(found).toEqual([
      { name: 'token', data: { id: 1, text: ' a\n' } },
      { name: 'done', data: { finish: 'length' } },
    ]);
  });
  it('cancels the stream when its reader stops', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) =>
        controller.enqueue(new TextEncoder().encode('{}\n{}\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const line of readLines(stream)) {
      expect(line).toBe('{}');
      break;
    }
    expect(cancelled).toBe(true);
  });
});

describe('heat maps', () => {
  const heat = patchHeat({
    schema: 'pellucid.patch/1',
    version: '',
    model: MODEL,
    metric: 'logit-diff',
    site: 'resid_post',
    direction: 'denoise',
    window: 1,
    clean: 3,
    corrupt: -2,
    answer: [{ id: 3, text: ' blue' }],
    rows: [0, 1],
    columns: [0, 1],
    column_kind: 'position',
    values: [
      [-2, 3],
      [1, null],
    ],
    recovery: [
      [0, 1],
      [0.6, null],
    ],
    tokens: [
      { id: 0, text: 'The' },
      { id: 1, text: ' sky' },
    ],
  });
  it('have the last layer on top and tokens across', () => {
    expect(heat.rows.map((row) => row.label)).toEqual(['1', '0']);
    expect(heat.columns.map((column) => column.label)).toEqual(['The', '·sky']);
    expect(heat.layers[0]?.values).toEqual([
      [1, null],
      [-2, 3],
    ]);
    expect(heat.detail).toBe('denoise, answer "·blue"');
  });
  it('go through white at 0 where there are both signs', () => {
    const shade = heatShade(
      heat.layers[0] ?? { name: '', values: [], marks: [] },
    );
    expect(shade.diverging).toBe(true);
    expect(shade.of(0)).toBe(0.5);
    expect(shade.of(-3)).toBe(0);
  });
  it('write numbers short and cells as CSV', () => {
    expect(numberText(-0.001)).toBe('0.00');
    expect(numberText(12.345)).toBe('12.3');
    expect(numberText(null)).toBe('');
    expect(heatCsv(heat)).toBe(
      'row,column,label,logit difference,recovery\n' +
        '1,0,The,1,0.6\n1,1,·sky,,\n0,0,The,-2,0\n0,1,·sky,3,1\n',
    );
  });
  it('take patterns apart by head, query and key', () => {
    const patterns = new Patterns({
      schema: 'pellucid.attn/1',
      version: '',
      model: MODEL,
      input: {
        text: 'a b',
        tokens: [
          { id: 0, text: 'a' },
          { id: 1, text: ' b' },
        ],
      },
      layers: [5],
      heads: [0, 2],
      weights: packed('f32', [1, 0.25, 0.75, 1, 0.5, 0.5]),
    });
    expect(patterns.weight(0, 1, 1, 0)).toBe(0.5);
    expect(patterns.heat(0, 0).layers[0]?.values).toEqual([
      [1, null],
      [0.25, 0.75],
    ]);
    expect(patterns.heat(0, 1).title).toBe('Layer 5, head 2');
  });
});

describe('names of runs', () => {
  it('say what sets a run apart', () => {
    const run = (change: Partial<RunData>) =>
      new Run({ ...toyData([]), ...change });
    expect(runName(run({}))).toBe('The sky is');
    expect(runName(run({}), 8)).toBe('The sky…');
    const tuned = run({
      lens: { kind: 'tuned', ref: '/home/me/My lens/' },
      run: { isa: 'avx2', threads: 1, precision: 'exact', edits: 2 },
    });
    expect(lensName(tuned)).toBe('Tuned lens My·lens');
    expect(runName(tuned)).toBe('The sky is · tuned lens My·lens · 2 changes');
    expect(runName(run({ label: 'edited', run: tuned.info }))).toBe('edited');
  });
});
