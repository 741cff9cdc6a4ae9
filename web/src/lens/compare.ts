/** Two runs, cell by cell: rows of the same site, columns of the same position. */
import type { Run } from '../data/run';
import { type Metric, difference, metricValue } from './metric';

export class Pairing {
  readonly #rows: Int32Array;
  readonly #columns: Int32Array;

  /** From cells of `a` to those of `b`. */
  constructor(
    readonly a: Run,
    readonly b: Run,
  ) {
    this.#rows = Int32Array.from(a.rows, (row) =>
      b.rows.findIndex((other) => other.site === row.site),
    );
    this.#columns = Int32Array.from(
      a.positions,
      (position) => b.columnOf(position) ?? -1,
    );
  }

  /** -1: there is none. */
  row(row: number): number {
    return this.#rows[row] ?? -1;
  }
  column(column: number): number {
    return this.#columns[column] ?? -1;
  }

  /** B less A; NaN where one of them is not known. */
  difference(
    metric: Metric,
    row: number,
    column: number,
    follow: number | null,
  ): number {
    const r = this.row(row);
    const c = this.column(column);
    if (r < 0 || c < 0) return NaN;
    return difference(
      metric,
      metricValue(this.a, metric, row, column, follow),
      metricValue(this.b, metric, r, c, follow),
    );
  }
}
