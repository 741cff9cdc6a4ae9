/**
 * Matrices of numbers as grids to draw: patching, causal tracing, attention and
 * scores of heads all come to this.
 */
import { scaleLinear } from 'd3-scale';
import type { Matrix } from '../data/page_data';
import { paintOf, type Scale } from '../view/color';
import type { GridColumn, GridRow, GridSource } from '../view/grid_source';

/** One choice of numbers to show: the values, or their recovery. */
export interface HeatLayer {
  name: string;
  values: Matrix;
  /** Ends of intervals, where there are any. */
  low?: Matrix;
  high?: Matrix;
  /** Numbers to compare with, beside the scale. */
  marks: { name: string; value: number }[];
  /** Ends of the scale; left out: from the numbers. */
  limits?: [number, number];
  /** Digits behind the point that mean something, where they are few. */
  decimals?: number;
}

export interface Heat {
  title: string;
  subtitle: string;
  detail: string;
  rowTitle: string;
  columnTitle: string;
  /** From the top. */
  rows: { label: string; name: string }[];
  columns: { label: string; note: string; name: string }[];
  layers: HeatLayer[];
}

export function numberText(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/^-(0\.?0*)$/, '$1');
}

export interface HeatShade {
  of: (value: number) => number;
  ticks: { at: number; text: string }[];
  diverging: boolean;
}

/** Numbers of both signs go from blue over white at 0 to red. */
export function heatShade(layer: HeatLayer): HeatShade {
  const all = layer.values
    .flat()
    .concat(layer.marks.map((mark) => mark.value))
    .filter((value) => value !== null);
  let [low, high] = layer.limits ?? [
    all.reduce((a, b) => Math.min(a, b), 0),
    all.reduce((a, b) => Math.max(a, b), 0),
  ];
  const diverging = low < 0;
  if (diverging) {
    high = Math.max(-low, high);
    low = -high;
  }
  if (high <= low) high = low + 1;
  const scale = scaleLinear([low, high], [0, 1]).clamp(true);
  const ticks = scale.ticks(4).map((value) => ({
    at: scale(value),
    text: numberText(value),
  }));
  return { of: (value) => scale(value), ticks, diverging };
}

function found(matrix: Matrix | undefined, row: number, column: number) {
  return matrix?.[row]?.[column] ?? null;
}

/** A cell's number with its interval: "0.41 [0.32, 0.50]". */
export function cellText(layer: HeatLayer, row: number, column: number) {
  const value = found(layer.values, row, column);
  if (value === null) return 'none';
  const low = found(layer.low, row, column);
  const high = found(layer.high, row, column);
  const interval =
    low !== null && high !== null
      ? ` [${numberText(low)}, ${numberText(high)}]`
      : '';
  const number =
    layer.decimals === undefined
      ? `${Number(value.toPrecision(5))}`
      : value.toFixed(layer.decimals);
  return `${number}${interval}`;
}

export interface HeatLook {
  scale: Scale;
  shade: HeatShade;
  pins: ReadonlySet<string>;
  columnWidth: number;
}

/** Rows and columns are keyed by their index in the matrix. */
export function heatSource(
  heat: Heat,
  layer: HeatLayer,
  look: HeatLook,
): GridSource {
  const scale = look.shade.diverging ? 'diverging' : look.scale;
  const rows: GridRow[] = heat.rows.map(({ label, name }, key) => ({
    key,
    label,
    name,
    pinned: false,
  }));
  const columns: GridColumn[] = heat.columns.map(({ label, note }, key) => ({
    key,
    label,
    note,
    above: '',
    hit: false,
    pinned: false,
  }));
  return {
    name: `${heat.title}: ${layer.name}`,
    rows,
    columns,
    aboveTitle: '',
    belowTitle: heat.columnTitle,
    columnWidth: look.columnWidth,
    look(row, column) {
      const value = found(layer.values, row, column);
      return {
        text: numberText(value),
        paint: value === null ? null : paintOf(scale, look.shade.of(value)),
        pinned: look.pins.has(`${row}@${column}`),
      };
    },
    describe(row, column) {
      const where = `${heat.rows[row]?.name ?? ''}, ${heat.columns[column]?.name ?? ''}`;
      return `${cellText(layer, row, column)}; ${where}`;
    },
  };
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** row,column,label and a column for each kind of number. */
export function heatCsv(heat: Heat): string {
  const names = heat.layers.map((layer) => csvField(layer.name));
  const lines = [`row,column,label,${names.join(',')}`];
  heat.rows.forEach((row, r) => {
    heat.columns.forEach((column, c) => {
      const numbers = heat.layers.map((layer) => {
        const value = found(layer.values, r, c);
        return value === null ? '' : Number(value.toPrecision(9));
      });
      const place = [row.label, column.note || column.label, column.label];
      lines.push([...place.map(csvField), ...numbers].join(','));
    });
  });
  return lines.join('\n') + '\n';
}
