/** A run of the lens as a grid to draw. */
import { displayText } from '../data/display_text';
import type { Run } from '../data/run';
import type { Place } from '../state/fragment';
import { paintOf, type Scale } from '../view/color';
import type {
  CellLook,
  GridColumn,
  GridRow,
  GridSource,
} from '../view/grid_source';
import type { Pairing } from './compare';
import { crystalRows } from './crystal';
import {
  type Metric,
  METRIC_NAMES,
  type Shade,
  differenceText,
  metricText,
  metricValue,
} from './metric';
import { rowLabel, shownRows } from './shown_rows';

export interface LensLook {
  name: string;
  metric: Metric;
  scale: Scale;
  shade: Shade;
  stride: number;
  numbers: boolean;
  follow: number | null;
  columnWidth: number;
  pins: Place[];
  pinnedRows: string[];
  pinnedColumns: number[];
  /** Cells that a search has found, as numbers of Run.cell. */
  found: ReadonlySet<number>;
  /** Marks cells whose first token is another in the other run. */
  pairing?: Pairing;
  /** Shows the pairing's difference; the run is its A. */
  difference?: boolean;
}

/** How wide columns are, for tokens of that run: 60 to 96 pixels. */
export function columnWidthOf(run: Run): number {
  const lengths: number[] = [];
  for (let c = 0; c < run.columns; ++c) {
    lengths.push(displayText(run.tokens.text(run.inputId(c))).length);
    if (!run.ready[c]) continue;
    const last = run.cell(run.rows.length - 1, c);
    lengths.push(displayText(run.tokens.text(run.topToken(last))).length);
  }
  lengths.sort((x, y) => x - y);
  const most = lengths[Math.floor(lengths.length * 0.9)] ?? 6;
  return Math.round(Math.min(96, Math.max(60, most * 7.5 + 14)));
}

function rowsOf(run: Run, look: LensLook): GridRow[] {
  const pinned = new Set(look.pinnedRows);
  return shownRows(run.rows, look.stride, pinned).map((key) => {
    const row = run.rows[key];
    const ends = key === run.rows.length - 1 || row?.layer === -1;
    return {
      key,
      label: row ? rowLabel(row) : '',
      pinned: ends || pinned.has(row?.site ?? ''),
      name: row && row.layer < 0 ? 'embedding' : `layer ${row?.layer ?? ''}`,
    };
  });
}

function columnsOf(run: Run, look: LensLook): GridColumn[] {
  return Array.from(run.positions, (position, key) => {
    const next = run.nextId(key);
    return {
      key,
      label: displayText(run.tokens.text(run.inputId(key))),
      note: `${position}`,
      above: next === null ? '' : displayText(run.tokens.text(next)),
      hit: run.ready[key] === 1 && next !== null && run.finalId[key] === next,
      pinned: look.pinnedColumns.includes(position),
    };
  });
}

/** The first token of the same cell in the run beside it; null: no such cell. */
function otherTop(
  pairing: Pairing,
  row: number,
  column: number,
): number | null {
  const { b } = pairing;
  const r = pairing.row(row);
  const c = pairing.column(column);
  if (r < 0 || c < 0 || !b.ready[c]) return null;
  return b.topToken(b.cell(r, c));
}

export function lensSource(run: Run, look: LensLook): GridSource {
  const crystal = crystalRows(run);
  const { metric, follow, pairing, shade } = look;
  const scale = look.difference ? 'diverging' : look.scale;
  const value = (row: number, column: number) =>
    look.difference && pairing
      ? pairing.difference(metric, row, column, follow)
      : metricValue(run, metric, row, column, follow);
  const pins = new Set(look.pins.map((pin) => `${pin.site}@${pin.position}`));
  const numberText = look.difference ? differenceText : metricText;
  return {
    name: look.name,
    rows: rowsOf(run, look),
    columns: columnsOf(run, look),
    aboveTitle: 'next',
    belowTitle: 'input',
    columnWidth: look.columnWidth,
    look(row, column): CellLook {
      if (!run.ready[column]) return { text: '', paint: null };
      const cell = run.cell(row, column);
      const number = value(row, column);
      const other = pairing ? otherTop(pairing, row, column) : null;
      const top = run.topToken(cell);
      // What B says; its texts are in its own table.
      const shown =
        look.difference && pairing && other !== null
          ? pairing.b.tokens.text(other)
          : run.tokens.text(top);
      const site = run.rows[row]?.site ?? '';
      return {
        text: look.numbers ? numberText(metric, number) : displayText(shown),
        paint: paintOf(scale, shade.of(number)),
        // That the last row agrees with itself says nothing.
        bar: crystal[column] === row && row < run.rows.length - 1,
        pinned: pins.has(`${site}@${run.positions[column] ?? 0}`),
        found: look.found.has(cell),
        changed: other !== null && other !== top,
      };
    },
    describe(row, column): string {
      const info = run.rows[row];
      const where =
        info && info.layer >= 0 ? `layer ${rowLabel(info)}` : 'embed';
      const position = run.positions[column] ?? 0;
      const input = displayText(run.tokens.text(run.inputId(column)));
      if (!run.ready[column]) return `${where}, position ${position}, waiting`;
      const top = displayText(
        run.tokens.text(run.topToken(run.cell(row, column))),
      );
      const number = numberText(metric, value(row, column));
      return (
        `${top}, ${METRIC_NAMES[metric].toLowerCase()} ${number}; ` +
        `${where}, position ${position}, input ${input}`
      );
    },
  };
}
