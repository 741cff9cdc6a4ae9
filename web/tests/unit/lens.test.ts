import { describe, expect, it } from 'vitest';
import { mergeBlock, Run } from '../../src/data/run';
import { Pairing } from '../../src/lens/compare';
import { crystalRows } from '../../src/lens/crystal';
import { findToken, lookUp } from '../../src/lens/follow';
import { moved } from '../../src/lens/keys';
import {
  differenceShade,
  differenceText,
  metricText,
  metricValue,
  percent,
  shadeOf,
} from '../../src/lens/metric';
import { search } from '../../src/lens/search';
import { rowLabel, shownRows } from '../../src/lens/shown_rows';
import { trajectories } from '../../src/lens/trajectories';
import { toyBlock, toyData, toyRun } from './toy_run';

describe('lookUp', () => {
  const run = toyRun();
  it('finds a token among the kept ones, targets, next and last tokens', () => {
    expect(lookUp(run, 2, 2, 3)).toMatchObject({ known: true, rank: 1 });
    expect(lookUp(run, 2, 2, 4)).toMatchObject({ known: true, logit: 3 });
    expect(lookUp(run, 0, 2, 3)).toMatchObject({ known: true, rank: 70000 });
    expect(lookUp(run, 1, 0, 1)).toMatchObject({ known: true, rank: 70000 });
    expect(lookUp(run, 1, 1, 2)).toMatchObject({ known: true, rank: 70000 });
  });
  it('says of others that they are below', () => {
    expect(lookUp(run, 2, 2, 6)).toEqual({
      known: false,
      rank: 2,
      logprob: -4,
      prob: Math.exp(-4),
    });
  });
  it('finds typed tokens as they are, behind a space, or by id', () => {
    expect(findToken(run, ' blue')).toBe(3);
    expect(findToken(run, 'blue')).toBe(3);
    expect(findToken(run, 'id=7042')).toBe(7042);
    expect(findToken(run, 'green')).toBeNull();
  });
});

describe('metrics', () => {
  const run = toyRun();
  it('are of the first token, or the last row’s, or the followed one', () => {
    expect(metricValue(run, 'prob', 2, 2, null)).toBeCloseTo(Math.exp(-1));
    expect(metricValue(run, 'rank', 0, 2, null)).toBe(70000);
    expect(metricValue(run, 'agree', 1, 2, null)).toBe(1);
    expect(metricValue(run, 'agree', 0, 2, null)).toBe(0);
    expect(metricValue(run, 'prob', 0, 2, 4)).toBeCloseTo(Math.exp(-2));
    expect(metricValue(run, 'rank', 2, 2, 6)).toBeNaN();
    expect(metricValue(run, 'kl', 0, 0, null)).toBe(2);
  });
  it('do not exist before a column’s cells are there', () => {
    const empty = new Run(toyData([]));
    expect(metricValue(empty, 'entropy', 0, 0, null)).toBeNaN();
  });
  it('have the scales of the figures', () => {
    expect(shadeOf([run], 'prob').of(0.25)).toBe(0.25);
    expect(shadeOf([run], 'logprob').of(-5)).toBe(0.5);
    expect(shadeOf([run], 'logprob').of(-50)).toBe(0);
    expect(shadeOf([run], 'rank').of(1)).toBe(1);
    expect(shadeOf([run], 'rank').of(1e6)).toBe(0);
    expect(shadeOf([run], 'entropy').of(Math.log(100))).toBeCloseTo(1);
  });
  it('are written short', () => {
    expect(percent(0)).toBe('0%');
    expect(percent(0.0004)).toBe('<0.1%');
    expect(percent(0.9999)).toBe('>99.9%');
    expect(percent(0.065)).toBe('6.5%');
    expect(metricText('kl', -0)).toBe('0.00');
    expect(metricText('rank', NaN)).toBe('–');
  });
});

describe('Pairing', () => {
  it('takes the difference B less A between equal sites and positions', () => {
    const a = toyRun();
    const data = toyData([toyBlock([1, 2])]);
    data.rows = [...data.rows].slice(1);
    const b = new Run({ ...toyData([]), rows: data.rows });
    b.kl.fill(5);
    b.ready.fill(1);
    const pairing = new Pairing(a, b);
    expect(pairing.row(0)).toBe(-1);
    expect(pairing.row(2)).toBe(1);
    expect(pairing.difference('kl', 2, 0, null)).toBe(5);
    expect(pairing.difference('kl', 0, 0, null)).toBeNaN();
  });
  it('is shaded evenly on both sides of nothing', () => {
    const shade = differenceShade([-2, 0, 1], 'kl');
    expect(shade.of(0)).toBe(0.5);
    expect(shade.of(-2)).toBe(0);
    expect(shade.of(2)).toBe(1);
    expect(differenceText('prob', -0.25)).toBe('−25%');
    expect(differenceText('kl', 0.5)).toBe('+0.50');
  });
});

describe('crystalRows', () => {
  it('are where the last row’s token begins to stay', () => {
    expect([...crystalRows(toyRun())]).toEqual([2, 2, 1]);
  });
  it('are none where cells are missing', () => {
    const run = new Run(toyData([]));
    mergeBlock(run, toyBlock([2]));
    expect([...crystalRows(run)]).toEqual([-1, -1, 1]);
  });
});

describe('search', () => {
  it('finds cells by what they keep, whatever the case', () => {
    const run = toyRun();
    expect(search(run, 'BLUE')).toEqual([
      { row: 2, column: 2, k: 0 },
      { row: 1, column: 2, k: 0 },
    ]);
    expect(search(run, '日')).toEqual([{ row: 0, column: 1, k: 1 }]);
    expect(search(run, '')).toEqual([]);
  });
});

describe('trajectories', () => {
  it('are the union of a position’s tokens, the followed first', () => {
    const lines = trajectories(toyRun(), 2, 3, [6]);
    expect(lines.map((line) => line.id)).toEqual([6, 2, 3]);
    expect(lines[0]?.points.map((point) => point.known)).toEqual([
      false,
      false,
      false,
    ]);
    expect(lines[2]?.points.map((point) => point.rank)).toEqual([70000, 1, 1]);
  });
});

describe('rows', () => {
  const rows = Array.from({ length: 8 }, (_, i) => ({
    site: i === 0 ? 'embed' : `model.layers.${i - 1}`,
    layer: i - 1,
  }));
  it('go down from the last by a stride; ends and pins stay', () => {
    expect(shownRows(rows, 1, new Set())).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
    expect(shownRows(rows, 3, new Set())).toEqual([7, 4, 1, 0]);
    expect(shownRows(rows, 3, new Set(['model.layers.4']))).toEqual([
      7, 5, 4, 1, 0,
    ]);
  });
  it('are named by layer and part', () => {
    expect(rowLabel({ site: 'embed', layer: -1 })).toBe('embed');
    expect(rowLabel({ site: 'model.layers.3', layer: 3 })).toBe('3');
    expect(rowLabel({ site: 'model.layers.3.self_attn', layer: 3 })).toBe(
      '3 attn',
    );
    expect(rowLabel({ site: 'model.layers.3.resid_mid', layer: 3 })).toBe(
      '3 mid',
    );
  });
});

describe('keys in the grid', () => {
  const at = { row: 3, column: 2 };
  it('move within its edges', () => {
    expect(moved('ArrowUp', false, at, 5, 4)).toEqual({ row: 2, column: 2 });
    expect(moved('PageDown', false, at, 5, 4)).toEqual({ row: 4, column: 2 });
    expect(moved('End', false, at, 5, 4)).toEqual({ row: 3, column: 3 });
    expect(moved('Home', true, at, 5, 4)).toEqual({ row: 0, column: 0 });
    expect(moved('x', false, at, 5, 4)).toBeNull();
  });
});
