/**
 * What a grid draws, whatever it is of: rows from the top, columns from the
 * left, and how each cell looks. `key`s are the caller's own numbers.
 */
import type { Paint } from './color';

export interface GridRow {
  key: number;
  label: string;
  /** Stays in view at the nearer edge when the grid scrolls. */
  pinned: boolean;
  /** In words, for those who do not see the grid. */
  name: string;
}

export interface GridColumn {
  key: number;
  /** Below the column: the input's token, a head. */
  label: string;
  /** Under that, small: the position. */
  note: string;
  /** Above the column: the next token. */
  above: string;
  /** A dot above: what the last row says comes true. */
  hit: boolean;
  /** Frozen at the left. */
  pinned: boolean;
}

export interface CellLook {
  text: string;
  /** Null: no number here. */
  paint: Paint | null;
  /** Bar at the left edge. */
  bar?: boolean;
  /** Frames: kept in view, found, other than in the run beside it. */
  pinned?: boolean;
  found?: boolean;
  changed?: boolean;
}

export interface GridSource {
  /** What the grid is, for screen readers. */
  name: string;
  rows: GridRow[];
  columns: GridColumn[];
  /** Labels of the rows above and below the cells; "": no row above. */
  aboveTitle: string;
  belowTitle: string;
  columnWidth: number;
  look(row: number, column: number): CellLook;
  /** A cell in words. */
  describe(row: number, column: number): string;
}

/** Only cells and labels of columns may differ: no element is to be made. */
export function haveSameShape(a: GridSource, b: GridSource): boolean {
  return (
    a.columnWidth === b.columnWidth &&
    a.aboveTitle === b.aboveTitle &&
    a.rows.length === b.rows.length &&
    a.columns.length === b.columns.length &&
    a.rows.every((row, i) => {
      const other = b.rows[i];
      return (
        row.key === other?.key &&
        row.label === other.label &&
        row.pinned === other.pinned
      );
    }) &&
    a.columns.every(
      ({ key, pinned }, i) =>
        key === b.columns[i]?.key && pinned === b.columns[i]?.pinned,
    )
  );
}
