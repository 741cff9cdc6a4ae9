/**
 * The numbers that shade cells, their scales and how they are written. Ends of
 * scales are those of the figures (src/render/metric.cc), so that page and
 * figure of one run agree.
 */
import { scaleLinear, scaleLog } from 'd3-scale';
import type { Run } from '../data/run';
import { lookUp } from './follow';

export const METRICS = [
  'prob',
  'logprob',
  'rank',
  'entropy',
  'kl',
  'agree',
] as const;
export type Metric = (typeof METRICS)[number];

export const METRIC_NAMES: Record<Metric, string> = {
  prob: 'Probability',
  logprob: 'Log-probability',
  rank: 'Rank',
  entropy: 'Entropy',
  kl: 'KL to last row',
  agree: 'Agreement',
};

const LOWEST_LOGPROB = -10;
const HIGHEST_RANK = 2000;

/** NaN: not known; a rank or probability below the kept ones counts as such. */
export function metricValue(
  run: Run,
  metric: Metric,
  row: number,
  column: number,
  follow: number | null,
): number {
  if (!run.ready[column]) return NaN;
  const cell = run.cell(row, column);
  switch (metric) {
    case 'entropy':
      return run.entropy[cell] ?? NaN;
    case 'kl':
      return run.kl[cell] ?? NaN;
    case 'agree':
      return run.topToken(cell) === (follow ?? run.finalId[column]) ? 1 : 0;
    case 'rank': {
      if (follow === null) return run.finalRank[cell] || NaN;
      const found = lookUp(run, row, column, follow);
      return found.known ? found.rank : NaN;
    }
    case 'prob':
    case 'logprob': {
      if (follow === null) return run.top(cell, 0)[metric];
      const found = lookUp(run, row, column, follow);
      return found.known ? found[metric] : NaN;
    }
  }
}

/** From a value to [0, 1], and what stands beside the scale's bar. */
export interface Shade {
  of(value: number): number;
  ticks: { at: number; text: string }[];
  diverging: boolean;
}

function clamp(x: number): number {
  return Math.min(1, Math.max(0, x));
}

/** The value below which `share` of `values` lies. */
function percentile(values: number[], share: number): number {
  const sorted = values.filter((v) => !Number.isNaN(v)).sort((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))] ?? 0;
}

function linearShade(low: number, high: number, metric: Metric): Shade {
  const scale = scaleLinear([low, high], [0, 1]);
  return {
    of: (value) => clamp(scale(value)),
    ticks: scale
      .ticks(4)
      .map((v) => ({ at: scale(v), text: tickText(metric, v) })),
    diverging: false,
  };
}

/** Ticks are round numbers, which need no zeros behind the point. */
function tickText(metric: Metric, value: number): string {
  return metric === 'prob' ? percent(value) : `${Number(value.toFixed(4))}`;
}

/** All values of a metric in the columns that are there. */
export function allValues(
  run: Run,
  metric: Metric,
  follow: number | null,
): number[] {
  const values: number[] = [];
  for (let r = 0; r < run.rows.length; ++r) {
    for (let c = 0; c < run.columns; ++c) {
      const value = metricValue(run, metric, r, c, follow);
      if (!Number.isNaN(value)) values.push(value);
    }
  }
  return values;
}

/** The scale of a metric, the same for all `runs` that stand side by side. */
export function shadeOf(runs: Run[], metric: Metric): Shade {
  const vocabulary = Math.max(2, ...runs.map((run) => run.model.vocab_size));
  switch (metric) {
    case 'prob':
      return linearShade(0, 1, metric);
    case 'logprob': {
      const shade = linearShade(LOWEST_LOGPROB, 0, metric);
      const first = shade.ticks[0];
      if (first) first.text = `\u2264${first.text}`;
      return shade;
    }
    case 'rank': {
      const scale = scaleLog([HIGHEST_RANK, 1], [0, 1]);
      return {
        of: (value) => clamp(scale(Math.max(1, value))),
        ticks: [1000, 100, 10, 1].map((v) => ({ at: scale(v), text: `${v}` })),
        diverging: false,
      };
    }
    case 'entropy':
      return linearShade(0, Math.log(vocabulary), metric);
    case 'kl': {
      const values = runs.flatMap((run) => allValues(run, metric, null));
      return linearShade(0, Math.max(1e-6, percentile(values, 0.95)), metric);
    }
    case 'agree':
      return {
        of: (value) => 0.15 + 0.7 * clamp(value),
        ticks: [
          { at: 0.15, text: 'no' },
          { at: 0.85, text: 'yes' },
        ],
        diverging: false,
      };
  }
}

/** The scale of differences, even on both sides of 0. */
export function differenceShade(values: number[], metric: Metric): Shade {
  const sizes = values.map(Math.abs);
  const most =
    metric === 'prob' || metric === 'agree'
      ? 1
      : Math.max(1e-6, percentile(sizes, 0.98));
  const scale = scaleLinear([-most, most], [0, 1]);
  return {
    of: (value) => clamp(scale(value)),
    ticks: scale.ticks(4).map((v) => ({
      at: scale(v),
      text: differenceText(metric, v),
    })),
    diverging: true,
  };
}

/** The difference of two values; of ranks, in powers of ten. */
export function difference(metric: Metric, a: number, b: number): number {
  return metric === 'rank' ? Math.log10(a) - Math.log10(b) : b - a;
}

export function percent(share: number): string {
  const value = share * 100;
  if (share === 0) return '0%';
  if (share > 0 && value < 0.1) return '<0.1%';
  if (share < 1 && value > 99.9) return '>99.9%';
  return value < 10 ? `${value.toFixed(1)}%` : `${value.toFixed(0)}%`;
}

export function metricText(metric: Metric, value: number): string {
  if (Number.isNaN(value)) return '\u2013';
  switch (metric) {
    case 'prob':
      return percent(value);
    case 'rank':
      return `${value}`;
    case 'agree':
      return value > 0 ? 'yes' : 'no';
    default:
      return (value === 0 ? 0 : value).toFixed(2);
  }
}

export function differenceText(metric: Metric, value: number): string {
  if (Number.isNaN(value)) return '\u2013';
  const sign = value > 0 ? '+' : value < 0 ? '\u2212' : '';
  const size = Math.abs(value);
  if (metric === 'prob') return `${sign}${(size * 100).toFixed(0)}%`;
  return `${sign}${size.toFixed(metric === 'agree' ? 0 : 2)}`;
}

/** What the shading says, in words. */
export function metricCaption(metric: Metric, followed: string | null): string {
  const top = followed ?? "each cell's first token";
  switch (metric) {
    case 'prob':
      return `probability of ${top}`;
    case 'logprob':
      return `log-probability of ${top}, nats`;
    case 'rank':
      return `rank of ${followed ?? "the last row's first token"}`;
    case 'entropy':
      return 'entropy of the prediction, nats';
    case 'kl':
      return 'KL(last row \u2016 row), nats';
    case 'agree':
      return `first token is ${followed ?? "the last row's"}`;
  }
}
