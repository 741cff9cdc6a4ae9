/**
 * Where predictions crystallise: the first row from which on the first token
 * is the last row's, up to the last row. Over rows of block outputs only, since
 * what a module adds predicts nothing by itself.
 */
import type { Run } from '../data/run';

/** A row index for each column; -1: not even the last row shown. */
export function crystalRows(run: Run): Int32Array {
  const states = run.rows
    .map((row, r) => ({ row, r }))
    .filter(({ row }) => row.norm !== 'own')
    .map(({ r }) => r);
  const out = new Int32Array(run.columns).fill(-1);
  for (let c = 0; c < run.columns; ++c) {
    if (!run.ready[c]) continue;
    for (let i = states.length - 1; i >= 0; --i) {
      const r = states[i] ?? 0;
      if (run.topToken(run.cell(r, c)) !== run.finalId[c]) break;
      out[c] = r;
    }
  }
  return out;
}
